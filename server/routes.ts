import type { IncomingMessage, ServerResponse } from "node:http";
import type { KnownTokens } from "../lib/devices/index.ts";
import { AppError, notFound } from "../lib/errors.ts";
import {
  deviceConfigPath,
  deviceEnrolPath,
  deviceHeartbeatPath,
  deviceKeyPath,
  deviceNoncePath,
  deviceStatementsPath,
  deviceTokenPath,
  recordingsPath,
  uploadsPath,
} from "../lib/protocol/index.ts";
import type { Services } from "../lib/services.ts";
import type { TusEndpoint } from "../lib/uploads/index.ts";
import { handleAnnouncement } from "./announcements.ts";
import { handleContent, matchContent } from "./content.ts";
import { handleEnrol, handleKey, handleNonce, handleToken } from "./device-identity.ts";
import { handleDeviceConfig, handleHeartbeat, handleStatement } from "./fleet.ts";
import { handleFleetLive } from "./fleet-live.ts";
import type { FleetSignal } from "./fleet-signal.ts";
import type { Health } from "./health/health.ts";
import { handleLive, handleReady } from "./health/routes.ts";
import { handleMetrics } from "./metrics-route.ts";
import type { Monitor } from "./monitor/index.ts";
import { handleOpenApi } from "./openapi-route.ts";
import { handleSidecar } from "./sidecars.ts";
import { handleUpload } from "./uploads.ts";

/** One request, and what answers it. */
export type Call = {
  services: Services;
  monitor: Monitor;
  health: Health;
  endpoint: TusEndpoint;
  tokens: KnownTokens;
  fleet: FleetSignal;
  isStopping: boolean;
  request: IncomingMessage;
  response: ServerResponse;
  /** The address without its query. */
  path: string;
};

/** An address that this server answers by itself; all others are the web pages'. */
type ServedRoute = {
  /** As in the OpenAPI document, which lists the same: what stands in braces is one segment. */
  path: string;
  methods: readonly string[];
  /** What happens to other methods: `refused` with 405, `handled` here too, or left to the web `pages`. */
  others: "refused" | "handled" | "pages";
  /** Also what lies below the address. */
  isPrefix?: true;
  /** Answers also while the server stops, and sees to that itself. */
  answersWhileStopping?: true;
  handle(call: Call): Promise<void>;
};

const content = async ({ services, request, response }: Call) => {
  const address = matchContent(request.url ?? "/");
  if (address === null) throw notFound("page");
  await handleContent(services, address, request, response);
};

/** Every address of this server. A new one needs its operations in server/openapi/areas too. */
export const servedRoutes: readonly ServedRoute[] = [
  // An override of the method, and tus's own answer to an unknown one, are the endpoint's matter.
  {
    path: uploadsPath,
    methods: ["POST", "OPTIONS"],
    others: "handled",
    answersWhileStopping: true,
    handle: handleUpload,
  },
  {
    path: `${uploadsPath}/{id}`,
    methods: ["HEAD", "PATCH", "DELETE", "OPTIONS"],
    others: "handled",
    isPrefix: true,
    answersWhileStopping: true,
    handle: handleUpload,
  },
  { path: recordingsPath, methods: ["POST"], others: "pages", handle: handleAnnouncement },
  { path: deviceNoncePath, methods: ["POST"], others: "refused", handle: handleNonce },
  { path: deviceEnrolPath, methods: ["POST"], others: "refused", handle: handleEnrol },
  { path: deviceTokenPath, methods: ["POST"], others: "refused", handle: handleToken },
  { path: deviceKeyPath, methods: ["POST"], others: "refused", handle: handleKey },
  {
    path: "/api/recordings/{id}/sidecars/{name}",
    methods: ["GET", "PUT"],
    others: "refused",
    handle: handleSidecar,
  },
  { path: deviceConfigPath, methods: ["GET"], others: "refused", handle: handleDeviceConfig },
  { path: deviceHeartbeatPath, methods: ["POST"], others: "refused", handle: handleHeartbeat },
  { path: deviceStatementsPath, methods: ["POST"], others: "refused", handle: handleStatement },
  { path: "/api/devices/live", methods: ["GET"], others: "refused", handle: handleFleetLive },
  { path: "/api/recordings/{id}/content", methods: ["GET", "HEAD"], others: "refused", handle: content },
  { path: "/api/releases/{id}/content", methods: ["GET", "HEAD"], others: "refused", handle: content },
  { path: "/api/health/live", methods: ["GET"], others: "refused", answersWhileStopping: true, handle: handleLive },
  { path: "/api/health/ready", methods: ["GET"], others: "refused", answersWhileStopping: true, handle: handleReady },
  { path: "/api/metrics", methods: ["GET"], others: "refused", answersWhileStopping: true, handle: handleMetrics },
  { path: "/api/openapi.json", methods: ["GET"], others: "refused", handle: handleOpenApi },
];

const patterns = servedRoutes.map((route) => ({
  route,
  pattern: new RegExp(
    `^${route.path.replaceAll(".", "\\.").replaceAll(/\{\w+\}/g, "[^/]+")}${route.isPrefix ? "(/|$)" : "$"}`,
  ),
}));

/** Whoever may GET may ask with HEAD what they would get. */
function allowed({ methods }: ServedRoute): string[] {
  return methods.includes("GET") ? [...new Set([...methods, "HEAD"])] : [...methods];
}

/**
 * What answers a request here; null: the web pages do.
 *
 * @throws AppError method_not_allowed, with those that are allowed in its message
 */
export function findRoute(method: string, path: string): ServedRoute | null {
  const found = patterns.filter(({ pattern }) => pattern.test(path)).map(({ route }) => route);
  const exact = found.find((route) => allowed(route).includes(method) || route.others === "handled");
  if (exact !== undefined) return exact;
  const refusing = found.find((route) => route.others === "refused");
  if (refusing === undefined) return null;
  const allow = allowed(refusing);
  throw new AppError("method_not_allowed", `Use ${allow.join(" or ")} here.`, { allow });
}
