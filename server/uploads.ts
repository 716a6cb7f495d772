import type { IncomingMessage } from "node:http";
import type { Actor } from "../lib/context.ts";
import { authenticateDevice } from "../lib/devices/index.ts";
import { AppError } from "../lib/errors.ts";
import { jitteredSeconds } from "../lib/jitter.ts";
import { uploadsPath } from "../lib/protocol/index.ts";
import type { Services } from "../lib/services.ts";
import {
  checkTusVersion,
  effectiveMethod,
  httpUploadRefusal,
  type Inform,
  isHttpUpload,
  refusalFields,
} from "../lib/uploads/index.ts";
import { openVault } from "../lib/vault.ts";
import { sendAnswer, sendInterim, sendProblem } from "./answer.ts";
import { corsFields } from "./cors.ts";
import { deviceGateOf } from "./device-gates.ts";
import { fieldOf, forwardingOf, originOf, requestContext } from "./request-context.ts";
import type { Call } from "./routes.ts";

/**
 * Counts a body that a device sends, until what this answers is called.
 *
 * @throws AppError too_many_requests
 */
export function beginTransfer(services: Services, actor: Actor): () => void {
  return actor.kind === "device" ? deviceGateOf(services).beginTransfer(actor.deviceId) : () => undefined;
}

/** What tokens are checked with. */
function authenticators({ db, clock, env }: Services) {
  return { db, clock, vault: openVault(env.authSecret) };
}

/** Methods that bring a body. */
const bodyMethods: ReadonlySet<string> = new Set(["POST", "PATCH"]);
/** Methods that begin with one statement about an upload, which asks for a remembered token too. */
const askingMethods: ReadonlySet<string> = new Set(["HEAD", "PATCH"]);

type DeviceActor = Extract<Actor, { kind: "device" }>;

/**
 * The device that sent a request.
 *
 * @throws AppError unauthenticated without a token, token_invalid for an unknown or revoked one, too_many_requests
 */
export async function requireDeviceActor({ services, tokens, request }: Call, method: string): Promise<DeviceActor> {
  const [, token] = /^Bearer +(\S+) *$/i.exec(fieldOf(request, "authorization") ?? "") ?? [];
  if (token === undefined)
    throw new AppError("unauthenticated", "Send the device's token: Authorization: Bearer srd_…");
  const known = askingMethods.has(method) ? tokens.recall(token, services.clock.now()) : null;
  const gate = deviceGateOf(services);
  if (known !== null) {
    gate.countRequest(known.deviceId, method);
    return known;
  }
  const origin = originOf(request, services);
  // Devices that are in stay in, also when somebody guesses tokens from the same address.
  const isGuess = tokens.recall(token, services.clock.now()) === null;
  if (isGuess) gate.takeGuess(origin.address);
  const actor = await authenticateDevice(authenticators(services), token, origin);
  if (actor === null) throw new AppError("token_invalid", "This device token is unknown, was revoked or has run out.");
  if (isGuess) gate.returnGuess(origin.address);
  tokens.remember(token, actor);
  gate.countRequest(actor.deviceId, method);
  return actor;
}

/**
 * What an upload's address starts with: PUBLIC_URL, or what a believed proxy says it was asked for. A client that came
 * straight to us gets an absolute one too; behind a proxy that is not believed only a relative one is sure to be right.
 */
export function locationBase(services: Services, request: IncomingMessage): string {
  const { publicUrl, port } = services.env;
  if (publicUrl !== `http://localhost:${port}`) return publicUrl + uploadsPath;
  const { proto, host, isProxied } = forwardingOf(request, services.env);
  const name = host ?? request.headers.host ?? "";
  if (!/^[\w.:[\]-]+$/.test(name)) return uploadsPath;
  if (proto !== null) return `${proto}://${name}${uploadsPath}`;
  return isProxied ? uploadsPath : `http://${name}${uploadsPath}`;
}

/** The 503 of a server that stops. */
export function restarting(): AppError {
  const message = "The archive is restarting; go on in a moment.";
  return new AppError("unavailable", message, { retryAfterSeconds: jitteredSeconds(1, 4) });
}

/** Answers one request to the upload endpoint, of tus or of the IETF draft. */
export async function handleUpload(call: Call): Promise<void> {
  const { services, endpoint, isStopping, request, response, path } = call;
  const method = effectiveMethod(request.method ?? "", fieldOf(request, "x-http-method-override"));
  const uploadId = path === uploadsPath ? null : path.slice(uploadsPath.length + 1);
  const headers = Object.fromEntries(Object.keys(request.headers).map((name) => [name, fieldOf(request, name)]));
  for (const [name, value] of Object.entries(corsFields(services.env.corsOrigins, request)))
    response.setHeader(name, value);
  const tusRequest = { method, uploadId, headers, trailers: () => request.trailers };
  const isDraft = isHttpUpload(tusRequest);
  let endTransfer: (() => void) | null = null;
  try {
    if (isStopping) throw restarting();
    if (!isDraft) checkTusVersion(tusRequest);
    const actor: Actor = method === "OPTIONS" ? { kind: "nobody" } : await requireDeviceActor(call, method);
    const ctx = requestContext(services, request, actor);
    if (bodyMethods.has(method)) endTransfer = beginTransfer(services, actor);
    // nginx and others take any interim response but 100 for the final one.
    const { isProxied } = forwardingOf(request, services.env);
    const inform: Inform = (status, reason, fields) => {
      if (!isProxied) sendInterim(request, response, status, reason, fields);
    };
    const answer = await endpoint.handle(ctx, tusRequest, request, locationBase(services, request), inform);
    sendAnswer(request, response, answer);
  } catch (error) {
    const fields = isDraft ? httpUploadRefusal(error, tusRequest) : refusalFields(error, tusRequest);
    sendProblem(request, response, error, fields);
  } finally {
    endTransfer?.();
  }
}
