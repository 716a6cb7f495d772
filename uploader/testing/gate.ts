import {
  createServer,
  request as httpRequest,
  type IncomingHttpHeaders,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from "node:http";
import type { AddressInfo } from "node:net";
import { buffer } from "node:stream/consumers";

/** An answer as a test gives it. */
export type GateAnswer = { status: number; headers?: Record<string, string>; body?: string };

/** What the gate does with a request instead of handing it on. */
export type Trick =
  /** Answers itself; the archive never hears of it. */
  | { kind: "answer"; answer: GateAnswer | ((seen: GateRequest) => GateAnswer) }
  /** Hands on so many bytes of the body, then resets the connection on both sides; left out: as it comes in. */
  | { kind: "cut"; afterBytes?: number }
  /** Hands it on whole; the archive's answer is lost. */
  | { kind: "lose" }
  /** Takes everything and says nothing, without closing: a link without RST. */
  | { kind: "hang" }
  /** Hands it on and changes the answer. */
  | { kind: "change"; change: (answer: Required<GateAnswer>) => GateAnswer };

/** A request as the gate saw it. */
export type GateRequest = {
  method: string;
  path: string;
  headers: IncomingHttpHeaders;
  /** Of the body, as far as it came. */
  bodyBytes: number;
  /** Of the monotonic clock. */
  atMs: number;
  /** Null: none was given. */
  status: number | null;
};

/** Which requests a trick is for; what is left out is any. */
export type Which = { method?: string; path?: RegExp };

/**
 * A man in the middle who speaks HTTP, between an uploader and an archive: whatever a server, a proxy or a network
 * may do to one request, a test lets it do. Bytes are handed on as they come.
 */
export class Gate {
  readonly requests: GateRequest[] = [];
  readonly #server: Server;
  readonly #target: () => string;
  #tricks: { which: Which; trick: Trick; times: number }[] = [];
  readonly #hung = new Set<() => void>();
  /** Connections to reset as soon as they come in. */
  #refuses = 0;
  refused = 0;

  private constructor(target: () => string) {
    this.#target = target;
    this.#server = createServer((request, response) => this.#take(request, response));
    this.#server.requestTimeout = 0;
    this.#server.on("connection", (socket) => {
      if (this.#refuses <= 0) return;
      this.#refuses -= 1;
      this.refused += 1;
      socket.resetAndDestroy();
    });
  }

  /** Opens a gate on loopback. */
  static async open(target: () => string): Promise<Gate> {
    const gate = new Gate(target);
    await new Promise<void>((resolve) => gate.#server.listen(0, "127.0.0.1", resolve));
    return gate;
  }

  get url(): string {
    const { port } = this.#server.address() as AddressInfo; // a TCP server's address is never a path
    return `http://127.0.0.1:${port}`;
  }

  /** Plays a trick on the next requests of a kind. */
  play(which: Which, trick: Trick, times = 1): void {
    this.#tricks.push({ which, trick, times });
  }

  /** Resets the next connections before a byte is read. */
  refuse(connections: number): void {
    this.#refuses = connections;
  }

  /** No more tricks; what hangs is reset. */
  heal(): void {
    this.#tricks = [];
    this.#refuses = 0;
    for (const reset of this.#hung) reset();
  }

  /** Tricks that were not played to the end: a test whose fault never happened proves nothing. */
  get unplayed(): number {
    return this.#tricks.filter(({ times }) => Number.isFinite(times) && times > 0).length + this.#refuses;
  }

  /** Bytes of file content that uploaders sent, as far as they came here. */
  get patchedBytes(): number {
    return this.requests.reduce((sum, { method, bodyBytes }) => sum + (method === "PATCH" ? bodyBytes : 0), 0);
  }

  /** Requests of a method, and of a path when one is given. */
  seen(method: string, path?: RegExp): GateRequest[] {
    return this.requests.filter((seen) => seen.method === method && (path?.test(seen.path) ?? true));
  }

  async close(): Promise<void> {
    this.heal();
    const closed = new Promise((resolve) => this.#server.close(resolve));
    this.#server.closeAllConnections();
    await closed;
  }

  #take(request: IncomingMessage, response: ServerResponse): void {
    const seen: GateRequest = {
      method: request.method ?? "GET",
      path: (request.url ?? "/").split("?")[0] ?? "/",
      headers: request.headers,
      bodyBytes: 0,
      atMs: performance.now(),
      status: null,
    };
    this.requests.push(seen);
    request.on("data", (data: Buffer) => {
      seen.bodyBytes += data.length;
    });
    const trick = this.#next(seen);
    if (trick?.kind === "answer") answerItself(request, response, seen, trick.answer);
    else if (trick?.kind === "hang") this.#hang(request, response);
    else if (trick?.kind === "cut" && trick.afterBytes === undefined) request.socket.resetAndDestroy();
    else this.#handOn(request, response, seen, trick);
  }

  #next(seen: GateRequest): Trick | null {
    const index = this.#tricks.findIndex(
      ({ which, times }) =>
        times > 0 && (which.method ?? seen.method) === seen.method && (which.path?.test(seen.path) ?? true),
    );
    const found = this.#tricks[index];
    if (found === undefined) return null;
    found.times -= 1;
    if (found.times <= 0) this.#tricks.splice(index, 1);
    return found.trick;
  }

  #hang(request: IncomingMessage, response: ServerResponse): void {
    // Nobody reads on, so that the sender's window fills as on a dead link.
    request.pause();
    const reset = () => {
      this.#hung.delete(reset);
      request.socket.resetAndDestroy();
    };
    this.#hung.add(reset);
    response.once("close", () => this.#hung.delete(reset));
  }

  #handOn(request: IncomingMessage, response: ServerResponse, seen: GateRequest, trick: Trick | null): void {
    const url = new URL(request.url ?? "/", this.#target());
    const onward = httpRequest(url, { method: seen.method, headers: request.headers, agent: false });
    const breakOff = () => {
      onward.destroy();
      if (!request.socket.destroyed) request.socket.resetAndDestroy();
    };
    onward.on("error", breakOff);
    request.on("error", breakOff);
    response.on("close", () => onward.destroy());
    onward.on("response", (answer) => {
      answer.on("error", breakOff);
      if (trick?.kind === "lose") answer.resume().on("end", breakOff);
      else if (trick?.kind === "change") change(answer, response, seen, trick.change).catch(breakOff);
      else {
        seen.status = answer.statusCode ?? 0;
        response.writeHead(seen.status, answer.rawHeaders);
        answer.pipe(response);
      }
    });
    if (trick?.kind === "cut" && trick.afterBytes !== undefined)
      void handOnUntil(request, onward, trick.afterBytes).then(breakOff, breakOff);
    else request.pipe(onward);
  }
}

function answerItself(
  request: IncomingMessage,
  response: ServerResponse,
  seen: GateRequest,
  given: GateAnswer | ((seen: GateRequest) => GateAnswer),
): void {
  const tell = () => {
    const { status, headers, body } = typeof given === "function" ? given(seen) : given;
    seen.status = status;
    // Closing after a refusal is what servers do that do not read the rest of a body.
    response.writeHead(status, { Connection: status < 400 ? "keep-alive" : "close", ...headers });
    response.end(body);
  };
  // A server that says yes has read everything; one that refuses mostly does not.
  if (typeof given === "function") request.resume().on("end", tell);
  else tell();
}

async function change(
  answer: IncomingMessage,
  response: ServerResponse,
  seen: GateRequest,
  how: (answer: Required<GateAnswer>) => GateAnswer,
): Promise<void> {
  const headers = Object.fromEntries(
    Object.entries(answer.headers).flatMap(([name, value]) => (typeof value === "string" ? [[name, value]] : [])),
  );
  const body = (await buffer(answer)).toString("utf8");
  const changed = how({ status: answer.statusCode ?? 0, headers, body });
  seen.status = changed.status;
  const fields: Record<string, string> = { ...headers, ...changed.headers };
  delete fields["transfer-encoding"];
  if (seen.method !== "HEAD" && changed.status !== 204)
    fields["content-length"] = String(Buffer.byteLength(changed.body ?? body));
  response.writeHead(changed.status, fields);
  response.end(changed.body ?? body);
}

/** Hands on exactly so many bytes of a body, and waits until the archive's kernel has them. */
async function handOnUntil(request: IncomingMessage, onward: ReturnType<typeof httpRequest>, bytes: number) {
  onward.flushHeaders();
  let left = bytes;
  for await (const data of request.iterator({ destroyOnReturn: false })) {
    const part: Buffer = data.subarray(0, left);
    left -= part.length;
    if (part.length > 0) await new Promise((written) => onward.write(part, written));
    if (left <= 0) break;
  }
  // What is in a socket's buffer when it is reset is lost; the far side reads it in less than this.
  await new Promise((wait) => setTimeout(wait, 50));
}
