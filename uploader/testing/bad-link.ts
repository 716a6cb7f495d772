import { createServer, Socket } from "node:net";
import { drained, seededRandom } from "../../e2e/support/proxy.ts";
import { type LinkEvent, type LinkProfile, type LinkProfileName, linkProfiles } from "./link-profiles.ts";

/** How a bad link is opened. */
export type BadLinkOptions = {
  /** Port of the archive on loopback. */
  target: number;
  profile: LinkProfileName | LinkProfile;
  /** Decides every random choice. The bytes of a cut by count are the same each time; moments are as exact as timers. */
  seed?: number;
  /** 0.1: everything ten times as fast as the profile says, with ten times the rate. */
  timeScale?: number;
  /** Every connection is reset when so many bytes in all have gone this way. Ascending; each is used once. */
  cutAfterBytes?: { up?: number[]; down?: number[] };
  /** Where to listen; left out: any free port. */
  port?: number;
  /** The address to listen on; left out: loopback. */
  host?: string;
};

type Direction = "up" | "down";
type Pair = { client: Socket; target: Socket; isSilent: boolean };

/** More than this on its way makes a sender wait, as the buffer of a modem does. */
const buffersBytes = 64 * 1024;

/**
 * A TCP link on loopback that delays, slows, silences, cuts and lies, below HTTP and TLS: both ends see what a bad radio
 * shows them. What is on its way when it breaks is lost.
 */
export class BadLink {
  readonly #profile: LinkProfile;
  readonly #scale: number;
  readonly #random: () => number;
  readonly #server = createServer({ allowHalfOpen: true, pauseOnConnect: true }, (client) => this.#accept(client));
  readonly #pairs = new Set<Pair>();
  readonly #wakers = new Set<() => void>();
  readonly #timers = new Set<NodeJS.Timeout>();
  readonly #cuts: Record<Direction, number[]>;
  readonly #passed = { up: 0, down: 0 };
  readonly #lost = { up: 0, down: 0 };
  readonly #freeAtMs = { up: 0, down: 0 };
  readonly #connections = { accepted: 0, cut: 0 };
  #target: number;
  #port = 0;
  readonly #host: string;
  #isSilent = false;
  #isDown = false;
  #answersToLose = 0;

  private constructor(options: BadLinkOptions) {
    this.#profile = typeof options.profile === "string" ? linkProfiles[options.profile] : options.profile;
    this.#scale = options.timeScale ?? 1;
    this.#random = seededRandom(options.seed ?? 1);
    this.#target = options.target;
    this.#host = options.host ?? "127.0.0.1";
    this.#cuts = { up: [...(options.cutAfterBytes?.up ?? [])], down: [...(options.cutAfterBytes?.down ?? [])] };
  }

  /** Opens a link. Its schedule begins now. */
  static async open(options: BadLinkOptions): Promise<BadLink> {
    const link = new BadLink(options);
    await new Promise<void>((listening) => link.#server.listen(options.port ?? 0, link.#host, listening));
    const address = link.#server.address();
    if (address === null || typeof address === "string") throw new Error("A TCP server has an address and a port.");
    link.#port = address.port;
    link.#schedule(0);
    return link;
  }

  /** Where the archive is, seen through this link. */
  get url(): string {
    // RFC 6761, section 6.4: names under "invalid" are never looked up with success.
    return `http://${this.#profile.isNameless === true ? "archive.invalid" : this.#host}:${this.#port}`;
  }

  /** Bytes that came out at the other end. */
  get passed(): Readonly<Record<Direction, number>> {
    return { ...this.#passed };
  }

  /** Bytes that went out over the radio and never came out at the other end, because it broke meanwhile. */
  get lost(): Readonly<Record<Direction, number>> {
    return { ...this.#lost };
  }

  get connections(): Readonly<{ accepted: number; cut: number }> {
    return { ...this.#connections };
  }

  /** Makes something happen now, beside the schedule. */
  make(event: LinkEvent): void {
    this.#isSilent = event === "silence";
    this.#isDown = event === "down";
    if (event === "cut" || event === "down") {
      for (const pair of [...this.#pairs]) this.#drop(pair, true);
      // What waited for the radio does not go out any more.
      Object.assign(this.#freeAtMs, { up: 0, down: 0 });
    }
    this.#wake();
  }

  /** Loses what the archive answers next and resets the connection: work done, word lost. */
  loseNextAnswer(): void {
    this.#answersToLose += 1;
  }

  /** Leads new connections to another port. */
  retarget(port: number): void {
    this.#target = port;
  }

  async close(): Promise<void> {
    for (const timer of this.#timers) clearTimeout(timer);
    const closed = new Promise<void>((done) => this.#server.close(() => done()));
    for (const pair of [...this.#pairs]) this.#drop(pair, false);
    this.#wake();
    await closed;
  }

  #schedule(periodAtMs: number): void {
    const { flaps } = this.#profile;
    if (flaps === undefined) return;
    let last = 0;
    for (const [index, { atMs, event }] of flaps.steps.entries()) {
      const spreadMs = ((this.#random() - 0.5) / 2) * (flaps.spreadMs ?? 0);
      last = Math.max(atMs + spreadMs, last);
      this.#after(periodAtMs + last, () => {
        this.make(event);
        if (index === flaps.steps.length - 1) this.#schedule(Math.max(flaps.periodMs - atMs, 0));
      });
    }
  }

  #after(ms: number, act: () => void): void {
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      act();
    }, ms * this.#scale);
    this.#timers.add(timer);
  }

  #accept(client: Socket): void {
    this.#connections.accepted += 1;
    client.on("error", () => undefined);
    if (this.#isDown) {
      this.#connections.cut += 1;
      client.resetAndDestroy();
      return;
    }
    if (this.#profile.page !== undefined) {
      this.#answerPage(client, this.#profile.page);
      return;
    }
    const target = new Socket({ allowHalfOpen: true }).connect(this.#target, "127.0.0.1");
    const pair: Pair = { client, target, isSilent: false };
    this.#pairs.add(pair);
    for (const socket of [client, target]) {
      socket.setNoDelay(true);
      socket.on("error", () => this.#drop(pair, true));
      socket.on("close", () => {
        if (client.destroyed && target.destroyed) this.#pairs.delete(pair);
      });
    }
    this.#pump(client, target, pair, "up");
    this.#pump(target, client, pair, "down");
  }

  #answerPage(client: Socket, page: string): void {
    client.once("data", () => {
      const head = `HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: ${Buffer.byteLength(page)}\r\nConnection: close\r\n\r\n`;
      this.#after(2 * (this.#profile.latencyMs ?? 0), () => client.end(head + page));
    });
    client.resume();
  }

  /** Takes bytes in as fast as a modem's buffer does, and puts each piece out when it has crossed. */
  #pump(from: Socket, to: Socket, pair: Pair, direction: Direction): void {
    const line: { data: Buffer; departedMs: number; dueMs: number }[] = [];
    let waitingBytes = 0;
    let dueMs = 0;
    let hasEnded = false;
    let wake: () => void = () => undefined;
    from.on("data", (data: Buffer) => {
      const hole = this.#profile.holeAboveBytes;
      if (direction === "up" && hole !== undefined && data.length > hole) pair.isSilent = true;
      for (const piece of this.#slices(data, direction)) {
        const departedMs = this.#departure(piece.length, direction);
        const { latencyMs = 0, jitterMs = 0 } = this.#profile;
        dueMs = Math.max(dueMs, departedMs + (latencyMs + this.#random() * jitterMs) * this.#scale);
        line.push({ data: piece, departedMs, dueMs });
        waitingBytes += piece.length;
      }
      if (waitingBytes > buffersBytes) from.pause();
      wake();
    });
    from.on("end", () => {
      hasEnded = true;
      wake();
    });
    from.on("close", () => wake());
    const deliver = async () => {
      for (;;) {
        const [next] = line;
        if (next === undefined) {
          if (hasEnded || from.destroyed) return hasEnded;
          await new Promise<void>((resolve) => {
            wake = resolve;
          });
          continue;
        }
        const restMs = next.dueMs - performance.now();
        if (restMs > 0) await new Promise((resolve) => setTimeout(resolve, restMs));
        while ((this.#isSilent || pair.isSilent) && this.#pairs.has(pair))
          await new Promise<void>((resolve) => this.#wakers.add(resolve));
        if (!this.#pairs.has(pair)) return false;
        if (!(await this.#put(next.data, to, pair, direction))) return false;
        line.shift();
        waitingBytes -= next.data.length;
        if (waitingBytes <= buffersBytes) from.resume();
      }
    };
    void deliver().then((isEnd) => {
      if (isEnd) this.#after(this.#profile.slowCloseMs ?? 0, () => to.end());
      const now = performance.now();
      for (const { data, departedMs } of line) if (departedMs <= now) this.#lost[direction] += data.length;
    });
    from.resume();
  }

  /** Pieces that a slow link passes on smoothly. */
  *#slices(data: Buffer, direction: Direction): Generator<Buffer> {
    const isSlow = this.#rate(direction) !== null;
    const sliceBytes = this.#profile.sliceBytes ?? (isSlow ? 4096 : data.length);
    for (let at = 0; at < data.length; at += sliceBytes) yield data.subarray(at, at + sliceBytes);
  }

  #departure(bytes: number, direction: Direction): number {
    const rate = this.#rate(direction);
    const departedMs =
      Math.max(this.#freeAtMs[direction], performance.now()) +
      (rate === null ? 0 : (bytes / rate) * 1000 * this.#scale);
    this.#freeAtMs[direction] = departedMs;
    return departedMs;
  }

  #rate(direction: Direction): number | null {
    return (direction === "up" ? this.#profile.upBytesPerSecond : this.#profile.downBytesPerSecond) ?? null;
  }

  /** False: the connection is no more. */
  async #put(data: Buffer, to: Socket, pair: Pair, direction: Direction): Promise<boolean> {
    if (direction === "down" && this.#answersToLose > 0) {
      this.#answersToLose -= 1;
      this.#drop(pair, true);
      return false;
    }
    const [cutAt] = this.#cuts[direction];
    const untilCut = cutAt === undefined ? data.length : cutAt - this.#passed[direction];
    const piece = data.subarray(0, untilCut);
    this.#passed[direction] += piece.length;
    if (piece.length > 0 && !to.write(piece)) await drained(to);
    if (cutAt === undefined || this.#passed[direction] < cutAt) return true;
    this.#cuts[direction].shift();
    this.make("cut");
    return false;
  }

  #drop(pair: Pair, isCut: boolean): void {
    if (!this.#pairs.delete(pair)) return;
    if (isCut) this.#connections.cut += 1;
    for (const socket of [pair.client, pair.target]) {
      // Node keeps the handle of a socket for ever that is reset after it was shut down.
      if (isCut && !socket.destroyed && !socket.writableEnded) socket.resetAndDestroy();
      else socket.destroy();
    }
    this.#wake();
  }

  #wake(): void {
    for (const wake of this.#wakers) wake();
    this.#wakers.clear();
  }
}
