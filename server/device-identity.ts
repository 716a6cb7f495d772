import type { IncomingMessage, ServerResponse } from "node:http";
import type { Context } from "../lib/context.ts";
import {
  archiveAudience,
  type Enrolled,
  enrolDevice,
  issueAccessToken,
  newNonce,
  nonceSeconds,
  rotateDeviceKey,
} from "../lib/devices/index.ts";
import { AppError } from "../lib/errors.ts";
import { publicKeys } from "../lib/keys/index.ts";
import {
  type AccessTokenView,
  clientAssertionUrn,
  type EnrolledView,
  formatKeySet,
  type NonceView,
} from "../lib/protocol/index.ts";
import { sendAnswer } from "./answer.ts";
import { deviceGateOf } from "./device-gates.ts";
import { readJson } from "./read-json.ts";
import { readText } from "./read-text.ts";
import { fieldOf, originOf, requestContext } from "./request-context.ts";
import type { Call } from "./routes.ts";
import { requireDeviceActor } from "./uploads.ts";

/** Much more than anything that is signed here. */
const maxBytes = 32 * 1024;

function sendJson(request: IncomingMessage, response: ServerResponse, status: number, body: object): void {
  const headers = { "Content-Type": "application/json", "Cache-Control": "no-store" };
  sendAnswer(request, response, { status, headers, body: JSON.stringify(body) });
}

const limitsOf = ({ services }: Call) => ({ maxBytes, idleMs: services.env.uploadIdleMs });
const serverTime = (ctx: Context) => ctx.clock.now().toISOString();

/** Answers `POST /api/devices/nonce`: something fresh to sign. */
export async function handleNonce({ services, request, response }: Call): Promise<void> {
  deviceGateOf(services).takeQuestion(originOf(request, services).address);
  const ctx = requestContext(services, request, { kind: "nobody" });
  const view: NonceView = { nonce: newNonce(ctx), expiresInSeconds: nonceSeconds, serverTime: serverTime(ctx) };
  sendJson(request, response, 200, view);
}

/** Answers `POST /api/devices/enrol`: a machine becomes a device, or learns again that it is one. */
export async function handleEnrol(call: Call): Promise<void> {
  const { services, request, response } = call;
  const ctx = requestContext(services, request, { kind: "nobody" });
  const enrolled = await enrolDevice(ctx, await readJson(request, limitsOf(call)));
  sendJson(request, response, enrolled.isNew ? 201 : 200, await enrolledView(ctx, enrolled));
}

async function enrolledView(ctx: Context, enrolled: Enrolled): Promise<EnrolledView> {
  const { deviceId, name, state, site, kid } = enrolled;
  return {
    ...{ device: deviceId, name, state, site, keyThumbprint: kid },
    audience: await archiveAudience(ctx.db),
    keys: formatKeySet(await publicKeys(ctx.db)),
    serverTime: serverTime(ctx),
  };
}

/** Answers `POST /api/devices/token`: a token for a signed assertion (RFC 6749, section 4.4; RFC 7523, section 2.2). */
export async function handleToken(call: Call): Promise<void> {
  const { services, request, response } = call;
  const { address } = originOf(request, services);
  const ctx = requestContext(services, request, { kind: "nobody" });
  const assertion = await readAssertion(call);
  deviceGateOf(services).takeQuestion(address);
  const issued = await issueAccessToken(ctx, assertion);
  deviceGateOf(services).returnQuestion(address);
  const view: AccessTokenView = {
    access_token: issued.token,
    token_type: "Bearer",
    expires_in: issued.expiresInSeconds,
    nonce: issued.nonce,
    server_time: serverTime(ctx),
  };
  sendJson(request, response, 200, view);
}

async function readAssertion(call: Call): Promise<string> {
  const [type = ""] = (fieldOf(call.request, "content-type") ?? "").split(";");
  if (type.trim().toLowerCase() !== "application/x-www-form-urlencoded")
    throw new AppError("unsupported_media_type", "Send a form, as application/x-www-form-urlencoded.");
  const form = new URLSearchParams(await readText(call.request, limitsOf(call)));
  const mustBe = (name: string, value: string) => {
    if (form.get(name) !== value) throw new AppError("invalid_input", `Send ${value}.`, { field: name });
  };
  mustBe("grant_type", "client_credentials");
  mustBe("client_assertion_type", clientAssertionUrn);
  return form.get("client_assertion") ?? "";
}

/** Answers `POST /api/devices/key`: a device changes its key. */
export async function handleKey(call: Call): Promise<void> {
  const { services, request, response } = call;
  const actor = await requireDeviceActor(call, "POST");
  const ctx = requestContext(services, request, actor);
  sendJson(request, response, 200, await rotateDeviceKey(ctx, await readJson(request, limitsOf(call))));
}
