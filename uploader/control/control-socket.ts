import { chmod, rm } from "node:fs/promises";
import { createConnection, createServer, type Socket } from "node:net";
import { join } from "node:path";
import { messageOf, systemCode } from "../problems.ts";

/** One request: what to do, and with what. */
export type ControlRequest = { do: string } & Record<string, unknown>;
/** One answer. */
export type ControlAnswer = ({ ok: true } & Record<string, unknown>) | { ok: false; problem: string };
/** Does what a request asks; what it returns goes into the answer. */
export type ControlHandler = (request: ControlRequest) => Promise<Record<string, unknown>>;

const maxLineBytes = 64 * 1024;
const idleMs = 10_000;
/** sockaddr_un holds 108 bytes on Linux and 104 elsewhere, with the NUL at the end. */
const maxSocketPathBytes = 103;

/** Where the daemon of a state folder listens. */
export function controlSocketPath(stateFolder: string): string {
  return join(stateFolder, "control.sock");
}

/**
 * Listens for requests on the state folder's socket, which only this user can reach: one JSON object a line, one
 * line back for each. Call with the daemon's lock held, because a socket that a killed daemon left is removed.
 *
 * @returns how to stop; null when the state folder's path is too long for a socket
 */
export async function serveControl(
  stateFolder: string,
  handlers: Readonly<Record<string, ControlHandler>>,
): Promise<(() => Promise<void>) | null> {
  const path = controlSocketPath(stateFolder);
  if (Buffer.byteLength(path) > maxSocketPathBytes) return null;
  await rm(path, { force: true });
  const open = new Set<Socket>();
  const server = createServer((socket) => {
    open.add(socket.once("close", () => open.delete(socket)));
    serveConnection(socket, handlers);
  });
  server.maxConnections = 16;
  await new Promise<void>((resolve, reject) => server.once("error", reject).listen(path, resolve));
  // Before this nobody else could come in either: the state folder is 0700.
  await chmod(path, 0o600);
  return async () => {
    for (const socket of open) socket.destroy();
    await new Promise((resolve) => server.close(resolve));
    await rm(path, { force: true });
  };
}

function serveConnection(socket: Socket, handlers: Readonly<Record<string, ControlHandler>>): void {
  let rest = "";
  // One after the other, so that answers stand in the order of the requests.
  let last = Promise.resolve();
  socket.setEncoding("utf8").setTimeout(idleMs, () => socket.destroy());
  socket.on("error", () => socket.destroy());
  socket.on("data", (text: string) => {
    const lines = (rest + text).split("\n");
    rest = lines.pop() ?? "";
    if (rest.length > maxLineBytes) socket.destroy();
    for (const line of lines)
      last = last
        .then(() => answerLine(line, handlers))
        .then((answer) => void (socket.writable && socket.write(`${JSON.stringify(answer)}\n`)));
  });
  socket.on("end", () => void last.finally(() => socket.end()));
}

async function answerLine(line: string, handlers: Readonly<Record<string, ControlHandler>>): Promise<ControlAnswer> {
  try {
    const request = readRequest(line);
    const handler = request !== null && Object.hasOwn(handlers, request.do) ? handlers[request.do] : undefined;
    if (request === null || handler === undefined)
      return { ok: false, problem: `A request has "do" with one of: ${Object.keys(handlers).join(", ")}.` };
    return { ok: true, ...(await handler(request)) };
  } catch (error) {
    return { ok: false, problem: messageOf(error) };
  }
}

function readRequest(line: string): ControlRequest | null {
  const value: unknown = JSON.parse(line);
  if (typeof value !== "object" || value === null || !("do" in value) || typeof value.do !== "string") return null;
  return { ...value, do: value.do };
}

/**
 * Asks the daemon of a state folder.
 *
 * @returns its answer; null when no daemon listens there, or it does not answer in time
 */
export function askDaemon(
  stateFolder: string,
  request: ControlRequest,
  timeoutMs: number,
): Promise<ControlAnswer | null> {
  return new Promise((resolve, reject) => {
    const socket = createConnection(controlSocketPath(stateFolder));
    let text = "";
    const end = (answer: ControlAnswer | null) => {
      socket.destroy();
      resolve(answer);
    };
    socket.setEncoding("utf8").setTimeout(timeoutMs, () => end(null));
    socket.once("connect", () => socket.write(`${JSON.stringify(request)}\n`));
    socket.on("data", (part: string) => {
      text += part;
      const lineEnd = text.indexOf("\n");
      if (lineEnd === -1) return;
      try {
        end(JSON.parse(text.slice(0, lineEnd)));
      } catch {
        end(null);
      }
    });
    socket.once("end", () => end(null));
    socket.once("error", (error) => {
      const isAbsent = ["ENOENT", "ECONNREFUSED", "ENOTSOCK", "EPIPE", "ECONNRESET"].includes(systemCode(error) ?? "");
      if (isAbsent) end(null);
      else reject(error);
    });
  });
}
