import http from "node:http";
import https from "node:https";
import type { Socket } from "node:net";
import { blockBytes, borrowBlock, returnBlock } from "../block-buffers.ts";
import { sleep } from "../patience.ts";
import { Problem } from "../problems.ts";
import type { TrafficClass } from "../traffic/traffic.ts";
import { portalIn } from "./captive-portal.ts";
import type { ClockFloor } from "./clock-floor.ts";
import { explainFailure } from "./explain-failure.ts";
import { UntimedAgent } from "./untimed-agent.ts";

/** Handed over at a time: on a slow link little, so that it is seen to move; on a fast one more, with fewer calls. */
const minSliceBytes = 64 * 1024;
const maxSliceBytes = blockBytes;
/** A slice that took less may become larger, one that took more is as small as can be. */
const quickSliceMs = 25;
const slowSliceMs = 250;
/** Answers of the archive are small; more than this is not from it. */
const maxAnswerBytes = 1024 * 1024;

/** Limits of silence on one request. */
export type TransportSettings = {
  /** Until TCP and TLS stand. */
  connectTimeoutMs: number;
  /** Without a byte going out or coming in. */
  stallTimeoutMs: number;
  /** From the last byte of the request to the last one of the answer, however busily it drips. */
  answerTimeoutMs: number;
  /** While a body goes out, over twice the time of a stall: a link that only crawls may be better after a new start. */
  minBytesPerSecond: number;
  /** HTTPS_PROXY and its kin. Node itself knows what they mean, from 22.21 and 24.5 on. */
  proxyEnv?: Readonly<Record<string, string | undefined>>;
  /** The first request goes out so long after the start; left out: at once. */
  startDelayMs?: number;
  /** With it, TLS works on a device whose clock is impossible too; left out: the clock is believed. */
  clockFloor?: ClockFloor;
};

/** Limits of a transport that nobody has set. */
export const defaultTransportSettings: TransportSettings = {
  connectTimeoutMs: 20_000,
  stallTimeoutMs: 60_000,
  answerTimeoutMs: 180_000,
  minBytesPerSecond: 1000,
};

/** Lets bytes through when it is their turn. */
export type Throttle = { take(bytes: number, cls: TrafficClass, signal: AbortSignal): Promise<void> };

/** No limit at all. */
export const unthrottled: Throttle = { take: async () => undefined };

/** Bytes to send, read by position while they go out. */
export type RequestBody = {
  sizeBytes: number;
  /** Fills the buffer from a position of the body; none only at its end. */
  read(buffer: Buffer, position: number, lengthBytes: number): Promise<number>;
};

/** One request. */
export type TransportRequest = {
  method: string;
  url: string;
  headers: Record<string, string>;
  body?: RequestBody | undefined;
  /** More silence than usual, as a factor of the limits. */
  patience?: number;
  /** What its body counts as; left out: `control`. */
  trafficClass?: TrafficClass;
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
  readonly #throttle: Throttle;
  readonly #opensAtMs: number;
  readonly #agents: { "http:": http.Agent; "https:": https.Agent };
  readonly #untimedAgent: UntimedAgent | null;

  constructor(settings: TransportSettings, throttle: Throttle) {
    this.#settings = settings;
    this.#throttle = throttle;
    this.#opensAtMs = performance.now() + (settings.startDelayMs ?? 0);
    const options = { keepAlive: true, maxFreeSockets: 2, timeout: 0, proxyEnv: settings.proxyEnv };
    this.#agents = { "http:": new http.Agent(options), "https:": new https.Agent(options) };
    const { clockFloor } = settings;
    this.#untimedAgent = clockFloor === undefined ? null : new UntimedAgent(options, () => clockFloor.ms);
  }

  /** Closes idle connections. */
  close(): void {
    this.#agents["http:"].destroy();
    this.#agents["https:"].destroy();
    this.#untimedAgent?.destroy();
  }

  /**
   * Sends a request and reads its answer.
   *
   * @throws Problem "again" when there is no answer, or not the archive's; what the signal is aborted with; what
   * reading the body throws
   */
  async send(request: TransportRequest, signal: AbortSignal): Promise<Answer> {
    signal.throwIfAborted();
    const restMs = this.#opensAtMs - performance.now();
    if (restMs > 0) await sleep(restMs, signal);
    const url = new URL(request.url);
    const isSecure = url.protocol === "https:";
    const headers: Record<string, string> = { ...request.headers };
    if (request.body !== undefined) headers["Content-Length"] = String(request.body.sizeBytes);
    const outgoing = (isSecure ? https : http).request(url, {
      method: request.method,
      headers,
      agent: this.#agentFor(isSecure),
    });
    const watchdog = new Watchdog(outgoing, this.#settings, request.patience ?? 1);
    const onAbort = () => outgoing.destroy(abortError(signal));
    signal.addEventListener("abort", onAbort, { once: true });
    const ended = new AbortController();
    try {
      const answered = receive(outgoing, watchdog);
      answered.catch(() => undefined).finally(() => ended.abort());
      if (request.body === undefined) outgoing.end();
      else await this.#write(outgoing, request, request.body, watchdog, ended.signal);
      watchdog.expectAnswer();
      const answer = await answered;
      const portal = portalIn(answer, url);
      if (portal !== null) throw portal;
      return answer;
    } catch (error) {
      if (signal.aborted) throw signal.reason;
      if (error instanceof Problem) throw error;
      throw explainFailure(error, url);
    } finally {
      watchdog.stop();
      signal.removeEventListener("abort", onAbort);
      if (!outgoing.writableFinished) outgoing.destroy();
    }
  }

  #agentFor(isSecure: boolean): http.Agent {
    const isClockWrong = this.#settings.clockFloor?.isImpossible(Date.now()) === true;
    if (isSecure && isClockWrong && this.#untimedAgent !== null) return this.#untimedAgent;
    return this.#agents[isSecure ? "https:" : "http:"];
  }

  async #write(
    outgoing: http.ClientRequest,
    { onSent, trafficClass }: TransportRequest,
    body: RequestBody,
    watchdog: Watchdog,
    ended: AbortSignal,
  ): Promise<void> {
    const isSmall = body.sizeBytes <= minSliceBytes;
    const buffer = isSmall ? Buffer.allocUnsafe(body.sizeBytes) : borrowBlock();
    let sliceBytes = minSliceBytes;
    try {
      for (let position = 0; position < body.sizeBytes && !ended.aborted; ) {
        const beganAtMs = performance.now();
        const length = await body.read(buffer, position, Math.min(sliceBytes, body.sizeBytes - position));
        if (length === 0) throw new Problem("changed", "The file became shorter while it was sent.");
        // Waiting for our own limit is no silence of the network.
        watchdog.hold();
        await this.#throttle.take(length, trafficClass ?? "control", ended).catch(() => undefined);
        watchdog.goOn();
        if (!(await writeSlice(outgoing, buffer.subarray(0, length), ended))) return;
        watchdog.moved(length);
        position += length;
        onSent?.(position);
        sliceBytes = nextSliceBytes(sliceBytes, performance.now() - beganAtMs);
      }
      // Only here is it sure that no write has it any more.
      if (!isSmall && !ended.aborted) returnBlock(buffer);
    } catch (error) {
      outgoing.destroy();
      throw error;
    }
    if (!ended.aborted) outgoing.end();
  }
}

function nextSliceBytes(sliceBytes: number, tookMs: number): number {
  if (tookMs > slowSliceMs) return minSliceBytes;
  return tookMs < quickSliceMs ? Math.min(sliceBytes * 2, maxSliceBytes) : sliceBytes;
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
        watchdog.moved(data.length);
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

/** Ends a request on which nothing moves, or too little, or whose answer does not come to an end. */
class Watchdog {
  readonly #timer: NodeJS.Timeout;
  readonly #answerTimeoutMs: number;
  #movedAtMs = performance.now();
  #isConnected = false;
  /** Our own limit holds the request back since then. */
  #heldAtMs: number | null = null;
  /** Since when `#windowBytes` are counted. */
  #windowAtMs = performance.now();
  #windowBytes = 0;
  #answerDueMs = Number.POSITIVE_INFINITY;

  constructor(outgoing: http.ClientRequest, settings: TransportSettings, patience: number) {
    outgoing.on("socket", (socket: Socket) => {
      const connected = () => {
        this.#isConnected = true;
        this.#windowAtMs = performance.now();
        this.moved(0);
      };
      if (outgoing.reusedSocket) connected();
      else socket.once("encrypted" in socket ? "secureConnect" : "connect", connected);
    });
    const { connectTimeoutMs, stallTimeoutMs } = settings;
    this.#answerTimeoutMs = settings.answerTimeoutMs * patience;
    const check = () => {
      const problem = this.#problem(settings, patience);
      if (problem !== null) outgoing.destroy(new Error(problem));
    };
    this.#timer = setInterval(check, Math.max(20, Math.min(connectTimeoutMs, stallTimeoutMs, 4000) / 4));
  }

  moved(bytes: number): void {
    this.#movedAtMs = performance.now();
    this.#windowBytes += bytes;
  }

  /** Stops watching until `goOn`. */
  hold(): void {
    this.#heldAtMs = performance.now();
  }

  goOn(): void {
    if (this.#heldAtMs !== null) this.#windowAtMs += performance.now() - this.#heldAtMs;
    this.#heldAtMs = null;
    this.moved(0);
  }

  /** Everything has gone out. */
  expectAnswer(): void {
    this.#answerDueMs = performance.now() + this.#answerTimeoutMs;
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  #problem({ connectTimeoutMs, stallTimeoutMs, minBytesPerSecond }: TransportSettings, patience: number) {
    const now = performance.now();
    if (this.#heldAtMs !== null) return null;
    const limitMs = (this.#isConnected ? stallTimeoutMs : connectTimeoutMs) * patience;
    if (now - this.#movedAtMs >= limitMs)
      return `${this.#isConnected ? "nothing moved" : "no connection"} for ${inSeconds(limitMs)} s`;
    if (now >= this.#answerDueMs) return `no whole answer within ${inSeconds(this.#answerTimeoutMs)} s`;
    const windowMs = now - this.#windowAtMs;
    if (!this.#isConnected || windowMs < 2 * limitMs) return null;
    const bytesPerSecond = this.#windowBytes / (windowMs / 1000);
    this.#windowAtMs = now;
    this.#windowBytes = 0;
    const isAnswering = this.#answerDueMs < Number.POSITIVE_INFINITY;
    if (isAnswering || bytesPerSecond >= minBytesPerSecond / patience) return null;
    return `only ${Math.round(bytesPerSecond)} bytes a second moved`;
  }
}

function inSeconds(ms: number): number {
  return Math.round(ms / 100) / 10;
}

function abortError(signal: AbortSignal): Error {
  return signal.reason instanceof Error ? signal.reason : new Error("aborted");
}
