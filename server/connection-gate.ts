import type { IncomingMessage, Server, ServerResponse } from "node:http";
import type { Socket } from "node:net";
import type { Env } from "../lib/env.ts";
import { AppError } from "../lib/errors.ts";
import { readForwarding } from "../lib/forwarding.ts";
import { jitteredSeconds } from "../lib/jitter.ts";
import { addressKey } from "../lib/people/index.ts";
import { forwardingOf } from "./request-context.ts";

/** Connections above the limit that are still taken, to be told so, and for health checks. */
const headroom = 100;
/** How long such a connection may take to ask. */
const refusedMs = 5_000;

/**
 * Limits the connections of all, and what one address may have at once, so that nobody can take all that there is. A
 * connection above the limit is taken and told so; above the headroom for that it is dropped.
 *
 * @returns to be asked at each request; throws AppError unavailable or too_many_requests
 */
export function limitConnections(http: Server, env: Env): (request: IncomingMessage, response: ServerResponse) => void {
  const { maxConnections, maxConnectionsPerAddress, trustedProxies, proxyFields } = env;
  const refused = new WeakSet<Socket>();
  const perAddress = new Map<string, number>();
  let open = 0;
  http.maxConnections = maxConnections + headroom;

  const count = (key: string, by: 1 | -1): number => {
    const now = (perAddress.get(key) ?? 0) + by;
    if (now > 0) perAddress.set(key, now);
    else perAddress.delete(key);
    return now;
  };
  const keyOf = (address: string | null) => addressKey(address ?? "");

  http.on("connection", (socket: Socket) => {
    open += 1;
    // All connections of a proxy are its own: there requests are counted, by who asked it.
    const sender = readForwarding(trustedProxies, proxyFields, socket.remoteAddress ?? null, {});
    const key = sender.isBelieved ? null : keyOf(sender.address);
    const isTooMany = key !== null && count(key, 1) > maxConnectionsPerAddress;
    if (open > maxConnections || isTooMany) {
      refused.add(socket);
      const timer = setTimeout(() => socket.destroy(), refusedMs);
      socket.once("close", () => clearTimeout(timer));
    }
    socket.once("close", () => {
      open -= 1;
      if (key !== null) count(key, -1);
    });
  });

  return (request, response) => {
    if (refused.has(request.socket)) {
      if (request.url?.startsWith("/api/health/")) return;
      const message = "Too many connections; try again in a moment.";
      throw new AppError("unavailable", message, { retryAfterSeconds: jitteredSeconds(2, 10) });
    }
    const { isBelieved, address } = forwardingOf(request, env);
    if (!isBelieved) return;
    const key = keyOf(address);
    response.once("close", () => count(key, -1));
    if (count(key, 1) > maxConnectionsPerAddress)
      throw new AppError("too_many_requests", "Too many requests of this address at once.", {
        retryAfterSeconds: jitteredSeconds(2, 10),
      });
  };
}
