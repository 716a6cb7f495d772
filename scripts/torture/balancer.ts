import {
  createServer,
  request as httpRequest,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from "node:http";
import type { AddressInfo } from "node:net";
import type { Oracle } from "./oracle.ts";

/** One address in front of several servers, some of which may be dead. */
export type Balancer = { url: string; close(): Promise<void> };

/**
 * Opens a balancer that hands each request to one of the servers that run now, and lets the oracle hear each answer
 * before the client does. A server that dies in the middle is a connection that dies in the middle.
 */
export async function openBalancer(
  oracle: Oracle,
  targets: () => readonly string[],
  random: () => number,
): Promise<Balancer> {
  const server = createServer((request, response) => {
    const urls = targets();
    const url = urls[Math.floor(random() * urls.length)];
    if (url === undefined) return void response.socket?.destroy();
    pass(oracle, new URL(request.url ?? "/", url), request, response);
  });
  server.requestTimeout = 0;
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo; // a TCP server's address is never a path
  return { url: `http://127.0.0.1:${port}`, close: () => closeServer(server) };
}

function pass(oracle: Oracle, to: URL, request: IncomingMessage, response: ServerResponse): void {
  const method = request.method ?? "GET";
  const asked = { method, address: to.pathname, promisedBefore: oracle.promisedOf(to.pathname) };
  const onward = httpRequest(to, { method, headers: request.headers, agent: false });
  const breakOff = () => {
    onward.destroy();
    response.socket?.destroy();
  };
  onward.on("error", breakOff);
  request.on("error", breakOff);
  response.on("close", () => onward.destroy());
  onward.on("response", (answer) => {
    answer.on("error", breakOff);
    const heard = { status: answer.statusCode ?? 0, headers: answer.headers };
    oracle.hear(asked, heard);
    response.writeHead(heard.status, answer.rawHeaders);
    answer.pipe(response);
  });
  request.pipe(onward);
}

async function closeServer(server: Server): Promise<void> {
  const closed = new Promise((resolve) => server.close(resolve));
  server.closeAllConnections();
  await closed;
}
