import { createServer, type Server } from "node:http";
import { isIP } from "node:net";
import { messageOf, Problem } from "../problems.ts";

/** Where the metrics are read. */
export type MetricsAddress = { host: string; port: number };

/**
 * Reads `127.0.0.1:9464`, `[::1]:9464` or `9464`.
 *
 * @param isAnywhere false: only an address of this machine itself will do, because the figures tell of every recording
 * @throws Problem "usage"
 */
export function parseMetricsAddress(text: string, isAnywhere: boolean): MetricsAddress {
  const match = /^(?:\[([^\]]+)\]:|([^:]+):)?(\d{1,5})$/.exec(text);
  const host = match?.[1] ?? match?.[2] ?? "127.0.0.1";
  const port = Number(match?.[3]);
  if (match === null || port > 65_535 || (isIP(host) === 0 && host !== "localhost"))
    throw new Problem("usage", `--metrics must be an address and port such as 127.0.0.1:9464, not ${text}.`);
  if (!isAnywhere && !isLoopback(host))
    throw new Problem(
      "usage",
      `--metrics ${text} would tell others than this machine. Use 127.0.0.1, or say --metrics-anywhere too.`,
    );
  return { host, port };
}

function isLoopback(host: string): boolean {
  return host === "localhost" || host === "::1" || (isIP(host) === 4 && host.startsWith("127."));
}

/** Serves the metrics until it is closed. @throws Problem "usage" when the address is not to be had */
export async function serveMetrics(address: MetricsAddress, text: () => string): Promise<Server> {
  const server = createServer((request, response) => {
    const isKnown = request.url === "/metrics" && (request.method === "GET" || request.method === "HEAD");
    const body = isKnown ? text() : "The metrics are at /metrics.\n";
    const type = isKnown ? "text/plain; version=0.0.4; charset=utf-8" : "text/plain; charset=utf-8";
    response.writeHead(isKnown ? 200 : 404, { "Content-Type": type, "Cache-Control": "no-store", Connection: "close" });
    response.end(request.method === "HEAD" ? undefined : body);
  });
  server.requestTimeout = 5000;
  server.maxConnections = 8;
  await new Promise<void>((resolve, reject) => {
    server.once("error", (error) =>
      reject(
        new Problem("usage", `The metrics cannot be served at ${address.host}:${address.port}: ${messageOf(error)}.`),
      ),
    );
    server.listen(address.port, address.host, resolve);
  });
  server.removeAllListeners("error").on("error", () => undefined);
  return server;
}
