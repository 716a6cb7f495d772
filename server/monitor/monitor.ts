import type { IncomingMessage, ServerResponse } from "node:http";
import type { Actor } from "../../lib/context.ts";
import type { Log } from "../../lib/log.ts";
import type { Metrics } from "../../lib/metrics.ts";
import { errorCodeHeader } from "../../lib/protocol/index.ts";
import { archiveVersion } from "../openapi/index.ts";
import { addressField, fieldOf } from "../request-context.ts";
import { ArchiveMetrics } from "./archive-metrics.ts";
import { nameRoute } from "./route-names.ts";

const methods = new Set(["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]);
/** Asked all day by machines: their good answers are of no interest. */
const quiet = new Set(["static", "/api/health/live", "/api/health/ready", "/api/metrics"]);

/** What one process sees of itself: metrics, and a line in the log for each request. */
export class Monitor {
  readonly metrics: Metrics & ArchiveMetrics;
  /** Who asks, by the ids of the requests that are running. */
  readonly #actors = new Map<string, Actor>();

  constructor(options: { ofProcess: boolean } = { ofProcess: false }) {
    this.metrics = new ArchiveMetrics(options.ofProcess, archiveVersion);
  }

  /** Remembers who a running request acts as; other ids are jobs'. */
  noteActor(requestId: string, actor: Actor): void {
    if (actor.kind !== "nobody" && this.#actors.has(requestId)) this.#actors.set(requestId, actor);
  }

  /** Counts a request and writes its line when its answer has ended, in whatever way. */
  watch(requestId: string, request: IncomingMessage, response: ServerResponse, log: Log): void {
    const { socket } = request;
    const startedAt = performance.now();
    const [readBefore, writtenBefore] = [socket.bytesRead, socket.bytesWritten];
    this.#actors.set(requestId, { kind: "nobody" });
    response.once("close", () => {
      const actor = this.#actors.get(requestId) ?? { kind: "nobody" };
      this.#actors.delete(requestId);
      const method = methods.has(request.method ?? "") ? (request.method ?? "") : "other";
      const { route, path } = nameRoute((request.url ?? "/").split("?")[0] ?? "/");
      const code = response.getHeader(errorCodeHeader);
      // Without a head there was no answer: the client left before.
      const status = response.headersSent ? response.statusCode : 499;
      const ms = performance.now() - startedAt;
      this.metrics.answered({ route, method, status, code: code === undefined ? null : String(code), ms });
      const line = {
        correlationId: requestId,
        method,
        route,
        path,
        status,
        ...(code !== undefined && { code }),
        ms: Math.round(ms),
        bytesIn: Number(fieldOf(request, "content-length") ?? socket.bytesRead - readBefore) || 0,
        bytesOut: socket.bytesWritten - writtenBefore,
        ...actorFields(actor),
        address: fieldOf(request, addressField) || null,
        ...(!response.writableFinished && { isCutOff: true }),
      };
      log[levelOf(status, route)](line, "request");
    });
  }
}

function actorFields(actor: Actor): { device?: string; account?: string } {
  if (actor.kind === "device") return { device: actor.deviceId };
  return actor.kind === "person" ? { account: actor.accountId } : {};
}

/** What somebody should look at is loud: our faults, and who is refused for who they are. */
function levelOf(status: number, route: string): "debug" | "info" | "warn" | "error" {
  if (status >= 500) return status === 503 ? "warn" : "error";
  if (status === 401 || status === 403 || status === 429) return "warn";
  return quiet.has(route) && status < 400 ? "debug" : "info";
}
