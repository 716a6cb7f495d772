import { createServer, type IncomingMessage, type RequestListener, type Server, type ServerResponse } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";
import { KnownTokens } from "../lib/devices/index.ts";
import { AppError, notFound } from "../lib/errors.ts";
import { requestIdHeader } from "../lib/protocol/index.ts";
import type { Services } from "../lib/services.ts";
import { openSignals } from "../lib/signals.ts";
import { createTusEndpoint, defaultTiming, type WriterTiming } from "../lib/uploads/index.ts";
import { sendProblem } from "./answer.ts";
import { limitConnections } from "./connection-gate.ts";
import { FleetSignal } from "./fleet-signal.ts";
import { Health } from "./health/health.ts";
import { addFigures, Monitor } from "./monitor/index.ts";
import { nameRequest } from "./request-context.ts";
import { findRoute } from "./routes.ts";
import { restarting } from "./uploads.ts";
import { prepareWebRequest } from "./web-request.ts";
import { limitDeviceWork } from "./work-gate.ts";

/** Room for Upload-Metadata (96 KiB) and everything else; a longer header is refused with 431. */
const maxHeaderBytes = 128 * 1024;
/** Longest time that the header of a request may take, and how often that is looked at. */
const headersMs = 20_000;
const lookMs = 5_000;
/** Longest time that the body of a request to the web pages may take. */
const pageBodyMs = 120_000;
/** Some seconds' work of a small machine, so that nobody who is let in waits for longer than devices do. */
const deviceWorkAtOnce = 128;
/** Longer than proxies usually keep theirs, so that it is never we who close a connection just used. */
const keepAliveMs = 75_000;

type ServerParts = {
  services: Services;
  /** The web pages; null: only uploads and content are served. */
  next: RequestListener | null;
  /** For tests that are in a hurry. */
  timing?: Partial<WriterTiming>;
  /** What sees it; left out: one that nobody reads. */
  monitor?: Monitor;
  /** It is not ready before `started` was called. */
  isStarting?: boolean;
};

/** A server that can end without losing anything. */
export type ArchiveServer = {
  http: Server;
  /** Says that everything beside this server is there too. */
  started(): void;
  /**
   * Takes no new work, ends running PATCHes at a durable offset, and stops listening when they have, or after half of
   * `graceMs`; gives other requests the rest to end.
   */
  stop(graceMs?: number): Promise<void>;
};

/** Makes the HTTP server: uploads and content here, straight on Node's streams; everything else is the web's. */
export function createArchiveServer({
  services,
  next,
  timing,
  monitor = new Monitor(),
  isStarting = false,
}: ServerParts): ArchiveServer {
  const { env } = services;
  addFigures(monitor.metrics.registry, services);
  const health = new Health(services, { isStarting });
  const signals = openSignals(services.databaseUrl, {
    onError: (error) => services.log.warn({ err: error }, "the connection for signals broke"),
  });
  const endpoint = createTusEndpoint({
    maxBytes: env.uploadMaxBytes,
    expiresMs: env.uploadExpiresMs,
    signals,
    timing: { ...defaultTiming, idleMs: env.uploadIdleMs, slowBytes: env.uploadMinBytesPerSecond * 60, ...timing },
  });
  const tokens = new KnownTokens();
  const fleet = new FleetSignal(signals);
  let isStopping = false;

  async function route(request: IncomingMessage, response: ServerResponse): Promise<void> {
    admit(request, response);
    admitWork(request, response);
    const [path = "/"] = (request.url ?? "/").split("?");
    const served = findRoute(request.method ?? "", path);
    if (isStopping && served?.answersWhileStopping !== true) throw restarting();
    if (served !== null)
      return served.handle({ services, monitor, health, endpoint, tokens, fleet, isStopping, request, response, path });
    if (!isReadable(path)) throw new AppError("invalid_input", "This address cannot be read.");
    if (next === null) throw notFound("page");
    limitBody(request, response);
    await prepareWebRequest(services, request, response);
    next(request, response);
  }

  const options = {
    maxHeaderSize: maxHeaderBytes,
    keepAliveTimeout: keepAliveMs,
    connectionsCheckingInterval: lookMs,
    // Next takes every request for another protocol and answers none: clients that always ask (Java's do) would wait
    // for ever, and sockets stay open after they left. HTTP answers instead (RFC 9110, 7.8); only `next dev` needs more.
    shouldUpgradeCallback: () => env.mode === "development",
  };
  const http = createServer(options, (request, response) => {
    const named = nameRequest(request, env);
    response.setHeader(requestIdHeader, named.id);
    if (!named.isOwn) monitor.watch(named.id, request, response, services.log);
    route(request, response).catch((error: unknown) => sendProblem(request, response, error));
  });
  const admit = limitConnections(http, env);
  const admitWork = limitDeviceWork(deviceWorkAtOnce);
  // A PATCH may take half an hour; a silent one is ended by its own idle limit.
  http.requestTimeout = 0;
  http.headersTimeout = headersMs;
  // No listener for "clientError": Node's own answer is 400, 408 or 431, and never in the middle of a file.

  const stop = async (graceMs = env.stopGraceMs) => {
    isStopping = true;
    health.stopping();
    fleet.close();
    const begunAt = performance.now();
    // Still listening: who comes now is told to go elsewhere, and a health check sees why.
    await Promise.race([endpoint.stop(), sleep(graceMs / 2, undefined, { ref: false })]);
    const closed = new Promise<void>((resolve) => http.close(() => resolve()));
    http.closeIdleConnections();
    const timer = setTimeout(() => http.closeAllConnections(), Math.max(0, begunAt + graceMs - performance.now()));
    await closed;
    clearTimeout(timer);
    await signals.close();
  };
  return { http, started: () => health.started(), stop };
}

/** Whether an address is UTF-8 below its percent signs; Next answers 500 when it is not. */
function isReadable(path: string): boolean {
  try {
    decodeURIComponent(path);
    return true;
  } catch {
    return false;
  }
}

/** Next sets no limit of its own on how long a body may dribble in. */
function limitBody(request: IncomingMessage, response: ServerResponse): void {
  const timer = setTimeout(() => {
    if (!request.complete) request.destroy();
  }, pageBodyMs);
  response.once("close", () => clearTimeout(timer));
}
