import http from "node:http";
import https from "node:https";
import type { Socket } from "node:net";
import { messageOf, Problem } from "../problems.ts";
import type { RateLimit } from "../rate-limit.ts";

const sliceBytes = 64 * 1024;
/** Answers of the archive are small; more than this is not from it. */
const maxAnswerBytes = 1024 * 1024;

/** Limits of silence on one request. */
export type TransportSettings = {
  /** Until TCP and TLS stand. */
  connectTimeoutMs: number;
  /** Without a byte going out or coming in. */
  stallTimeoutMs: number;
};

/** Bytes to send, read by position while they go out. */
export type RequestBody = {
  sizeBytes: number;
  /** Fills the buffer from a position of the body; fewer bytes than asked only at its end. */
  read(buffer: Buffer, position: number, lengthBytes: number): Promise<number>;
};

/** One request. */
export type TransportRequest = {
  method: string;
  url: string;
  headers: Record<string, string>;
  body?: RequestBody | undefined;
  /** More silence than usual, as a factor of both limits. */
  patience?: number;
  onSent?: (sentBytes: number) => void;
};

/** A whole answer. */
export type Answer = { status: number; headers: http.IncomingHttpHeaders; body: string };

/**
 * HTTP with limits. A request ends with an answer or with an error, never with silence: there is a limit on
 * connecting and one on standing still. Redirects are not followed, so that the token goes nowhere else.
 */
export class Transport {
  readonly #settings: TransportSettings;
  readonly #rateLimit: RateLimit;
  readonly #agents: { "http:": http.Agent; "https:": https.Agent };

  constructor(settings: TransportSettings, rateLimit: RateLimit) {
    this.#settings = settings;
    this.#rateLimit = rateLimit;
    const options = { keepAlive: true, maxFreeSockets: 2, timeout: 0 };
    this.#agents = { "http:": new http.Agent(options), "https:": new https.Agent(options) };
  }

  /** Closes idle connections. */
  close(): void {
    this.#agents["http:"].destroy();
    this.#agents["https:"].destroy();
  }

  /**
   * Sends a request and reads its answer.
   *
   * @throws Problem "again" when there is no answer; what the signal is aborted with; what reading the body throws
   */
  async send(request: TransportRequest, signal: AbortSignal): Promise<Answer> {
    signal.throwIfAborted();
    const url = new URL(request.url);
    const isSecure = url.protocol === "https:";
    const headers: Record<string, string> = { ...request.headers };
    if (request.body !== undefined) headers["Content-Length"] = String(request.body.sizeBytes);
    const outgoing = (isSecure ? https : http).request(url, {
      method: request.method,
      headers,
      agent: this.#agents[isSecure ? "https:" : "http:"],
    });
    const watchdog = new Watchdog(outgoing, this.#settings, request.patience ?? 1);
    const onAbort = () => outgoing.destroy(abortError(signal));
    signal.addEventListener("abort", onAbort, { once: true });
    const ended = new AbortController();
    try {
      const answered = receive(outgoing, watchdog);
      answered.catch(() => undefined).finally(() => ended.abort());
      if (request.body === undefined) outgoing.end();
      else await this.#write(outgoing, request.body, request.onSent, watchdog, ended.signal);
      return await answered;
    } catch (error) {
      if (signal.aborted) throw signal.reason;
      if (error instanceof Problem) throw error;
      throw new Problem("again", `${url.host} cannot be reached: ${messageOf(error) || "connection failed"}.`, {
        cause: error,
      });
    } finally {
      watchdog.stop();
      signal.removeEventListener("abort", onAbort);
      if (!outgoing.writableFinished) outgoing.destroy();
    }
  }

  async #write(
    outgoing: http.ClientRequest,
    body: RequestBody,
    onSent: TransportRequest["onSent"],
    watchdog: Watchdog,
    ended: AbortSignal,
  ): Promise<void> {
    const buffer = Buffer.allocUnsafe(Math.min(sliceBytes, body.sizeBytes));
    try {
      for (let position = 0; position < body.sizeBytes && !ended.aborted; ) {
        const length = await body.read(buffer, position, Math.min(sliceBytes, body.sizeBytes - position));
        if (length === 0) throw new Problem("changed", "The file became shorter while it was sent.");
        // Waiting for our own limit is no silence of the network.
        watchdog.hold();
        await this.#rateLimit.take(length, ended).catch(() => undefined);
        watchdog.touch();
        if (!(await writeSlice(outgoing, buffer.subarray(0, length), ended))) return;
        watchdog.touch();
        position += length;
        onSent?.(position);
      }
    } catch (error) {
      outgoing.destroy();
      throw error;
    }
    if (!ended.aborted) outgoing.end();
  }
}

// Waits until the slice has left this process, so that the one buffer may be filled again. False: the request has
// ended meanwhile, with an early answer or an error, and `receive` knows which.
function writeSlice(outgoing: http.ClientRequest, slice: Buffer, ended: AbortSignal): Promise<boolean> {
  return new Promise((resolve) => {
    if (ended.aborted) return resolve(false);
    const onEnd = () => resolve(false);
    ended.addEventListener("abort", onEnd, { once: true });
    outgoing.write(slice, (error) => {
      ended.removeEventListener("abort", onEnd);
      resolve(error === null || error === undefined);
    });
  });
}

function receive(outgoing: http.ClientRequest, watchdog: Watchdog): Promise<Answer> {
  return new Promise((resolve, reject) => {
    outgoing.on("error", reject);
    outgoing.on("response", (incoming) => {
      const parts: Buffer[] = [];
      let receivedBytes = 0;
      incoming.on("error", reject);
      incoming.on("data", (data: Buffer) => {
        watchdog.touch();
        receivedBytes += data.length;
        if (receivedBytes <= maxAnswerBytes) parts.push(data);
        else outgoing.destroy(new Error("the answer is too long to be the archive's"));
      });
      incoming.on("end", () =>
        resolve({
          status: incoming.statusCode ?? 0,
          headers: incoming.headers,
          body: Buffer.concat(parts).toString("utf8"),
        }),
      );
      incoming.on("close", () => reject(new Error("the connection broke off within the answer")));
    });
    outgoing.on("close", () => reject(new Error("the connection was closed without an answer")));
  });
}

/** Ends a request on which nothing moves. */
class Watchdog {
  readonly #timer: NodeJS.Timeout;
  #movedAtMs = performance.now();
  #isConnected = false;

  constructor(outgoing: http.ClientRequest, settings: TransportSettings, patience: number) {
    outgoing.on("socket", (socket: Socket) => {
      const connected = () => {
        this.#isConnected = true;
        this.touch();
      };
      if (outgoing.reusedSocket) connected();
      else socket.once("encrypted" in socket ? "secureConnect" : "connect", connected);
    });
    const check = () => {
      const limitMs = (this.#isConnected ? settings.stallTimeoutMs : settings.connectTimeoutMs) * patience;
      if (performance.now() - this.#movedAtMs < limitMs) return;
      const what = this.#isConnected ? "nothing moved" : "no connection";
      outgoing.destroy(new Error(`${what} for ${Math.round(limitMs / 100) / 10} s`));
    };
    this.#timer = setInterval(
      check,
      Math.max(20, Math.min(settings.connectTimeoutMs, settings.stallTimeoutMs, 4000) / 4),
    );
  }

  touch(): void {
    this.#movedAtMs = performance.now();
  }

  /** Stops watching until the next touch. */
  hold(): void {
    this.#movedAtMs = Number.POSITIVE_INFINITY;
  }

  stop(): void {
    clearInterval(this.#timer);
  }
}

function abortError(signal: AbortSignal): Error {
  return signal.reason instanceof Error ? signal.reason : new Error("aborted");
}
