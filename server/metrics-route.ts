import { createHash, timingSafeEqual } from "node:crypto";
import type { IncomingMessage } from "node:http";
import { AppError, notFound } from "../lib/errors.ts";
import { sendAnswer } from "./answer.ts";
import { fieldOf } from "./request-context.ts";
import type { Call } from "./routes.ts";

const proxyFields = new Set([
  "forwarded",
  "via",
  "x-forwarded-for",
  "x-forwarded-host",
  "x-forwarded-proto",
  "x-real-ip",
]);

/**
 * Who may look inside: who shows METRICS_TOKEN; without that setting, programs of this machine that come straight to us.
 * A proxy is a program of this machine too, and passes on the whole world: what has a field that proxies add, or asks
 * for another name than this machine's, is refused.
 */
export function mayMonitor(request: IncomingMessage, token: string | null): boolean {
  if (token !== null) {
    const [, shown] = /^Bearer +(\S+) *$/i.exec(fieldOf(request, "authorization") ?? "") ?? [];
    const digest = (text: string) => createHash("sha256").update(text).digest();
    // Digests, as the comparison wants equal lengths.
    return shown !== undefined && timingSafeEqual(digest(shown), digest(token));
  }
  const peer = request.socket.remoteAddress?.replace(/^::ffff:/, "") ?? "";
  const isLocal = /^127\./.test(peer) || peer === "::1";
  const isForUs = /^(localhost|127\.\d+\.\d+\.\d+|\[::1\])(:\d+)?$/.test(request.headers.host ?? "");
  // As they came: those that nobody is trusted to send are taken off a request when it gets its id.
  const isForwarded = request.rawHeaders.some((text, at) => at % 2 === 0 && proxyFields.has(text.toLowerCase()));
  return isLocal && isForUs && !isForwarded;
}

/** Answers the metrics of this process. */
export async function handleMetrics({ services, monitor, request, response }: Call): Promise<void> {
  const { metricsToken } = services.env;
  if (!mayMonitor(request, metricsToken)) {
    // Without a token there is nothing to show, and nothing to know of.
    if (metricsToken === null) throw notFound("page");
    throw new AppError("unauthenticated", "Send the token of the monitoring: Authorization: Bearer …");
  }
  const { registry } = monitor.metrics;
  const headers = { "Content-Type": registry.contentType, "Cache-Control": "no-store" };
  sendAnswer(request, response, { status: 200, headers, body: await registry.metrics() });
}
