import type { IncomingMessage, ServerResponse } from "node:http";
import { toProblem } from "../lib/errors.ts";
import { correlationField, fieldOf } from "./request-context.ts";

/** How long unread bytes of a refused body are still taken, so that the sender gets to read the answer. */
const lingerMs = 2_000;

type Answer = { status: number; headers: Record<string, string>; body: string | null; mustClose?: boolean };

/**
 * Sends a whole answer. When the request's body was not read to its end, the connection is closed, but only
 * after a moment of reading on: closing with unread bytes would reset it and lose the answer on its way.
 */
export function sendAnswer(request: IncomingMessage, response: ServerResponse, answer: Answer): void {
  if (response.headersSent || response.destroyed) return;
  const content = answer.body === null || request.method === "HEAD" ? "" : answer.body;
  const isUnread = !request.complete;
  for (const [name, value] of Object.entries(answer.headers)) response.setHeader(name, value);
  // Not on a 304: there it would be the length of the whole file (RFC 9110, section 8.6).
  if (answer.status !== 204 && answer.status !== 304)
    response.setHeader("Content-Length", Buffer.byteLength(answer.body ?? ""));
  if (isUnread || answer.mustClose === true) response.setHeader("Connection", "close");
  if (answer.status === 401) response.setHeader("WWW-Authenticate", "Bearer");
  // The one status here that HTTP does not know by name.
  if (answer.status === 460) response.statusMessage = "Checksum Mismatch";
  response.writeHead(answer.status);
  if (!isUnread) {
    response.end(content);
    return;
  }
  response.flushHeaders();
  if (content !== "") response.write(content);
  const end = () => {
    clearTimeout(timer);
    response.end();
  };
  const timer = setTimeout(end, lingerMs);
  request.on("error", end).once("end", end).once("close", end).resume();
}

/**
 * Sends an interim response (RFC 9110, 15.2). Node has methods for 100, 102 and 103 only and no general one, so its head
 * is written to the connection itself: nothing else is there before the final response, and in front of it is where
 * HTTP/1.1 wants it. An HTTP/1.0 client must not get one, and one that is still waiting for an answer before this one
 * has no turn.
 */
export function sendInterim(
  request: IncomingMessage,
  response: ServerResponse,
  status: number,
  reason: string,
  fields: Readonly<Record<string, string>>,
): void {
  const { socket } = response;
  if (request.httpVersion !== "1.1" || response.headersSent || socket === null || !socket.writable) return;
  const lines = Object.entries(fields).map(([name, value]) => `${name}: ${value}\r\n`);
  socket.write(`HTTP/1.1 ${status} ${reason}\r\n${lines.join("")}\r\n`, "latin1");
}

/** Sends an error as RFC 9457 problem details, with further fields when its protocol wants them. */
export function sendProblem(
  request: IncomingMessage,
  response: ServerResponse,
  error: unknown,
  fields: Readonly<Record<string, string>> = {},
): void {
  const { status, headers, body } = toProblem(error, fieldOf(request, correlationField));
  Object.assign(headers, fields);
  sendAnswer(request, response, { status, headers, body: JSON.stringify(body) });
}
