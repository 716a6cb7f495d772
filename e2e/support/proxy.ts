import { createServer, Socket } from "node:net";

/** How a flaky link behaves. Everything left out is a perfect link. */
export type LinkSettings = {
  /** Where the link leads; changed with `retarget`. */
  target: { host?: string; port: number };
  /** Decides every random choice, so that a failing test fails again. */
  seed?: number;
  /** Delay of each piece, in each direction. */
  latencyMs?: number;
  /** Up to so much more delay, at random. Pieces of a connection stay in order. */
  jitterMs?: number;
  /** Towards the target, shared by all connections: an uplink is one radio. */
  uploadBytesPerSecond?: number;
  /**
   * Cuts: when so many bytes in all have gone towards the target, every connection is reset. Ascending; each is
   * used once.
   */
  cutAfterBytes?: number[];
};

/** A link that can be made bad. */
export type FlakyLink = {
  /** Loopback port to connect to. */
  port: number;
  /** `http://127.0.0.1:port`. */
  url: string;
  /** Bytes that went towards the target since the start. */
  bytesUp(): number;
  /** Connections accepted, and how many of them this link cut. */
  connections(): { accepted: number; cut: number };
  /** Resets every open connection now (TCP RST, as a broken NAT does). */
  cut(): void;
  /** From now on takes no byte and gives none, without closing anything: a tunnel. */
  stall(): void;
  /** Ends a stall; what waited goes on. */
  resume(): void;
  /** Resets new connections as soon as they come in: no coverage. */
  refuse(refused: boolean): void;
  /** Loses what the target answers, and resets the connection: work done, word lost. */
  loseNextAnswer(): void;
  /** Changes the rate towards the target; null: unlimited. */
  setRate(bytesPerSecond: number | null): void;
  /** Leads new connections elsewhere. */
  retarget(port: number): void;
  close(): Promise<void>;
};

/** Random numbers from 0 to 1 that depend on the seed alone (mulberry32). */
export function seededRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}

/**
 * Opens a TCP link on loopback that delays, slows, stalls and cuts. It works below HTTP, so client and server see
 * what a bad radio link shows them: silence, resets, and bytes that arrived without an answer.
 */
export async function openFlakyLink(settings: LinkSettings): Promise<FlakyLink> {
  const random = seededRandom(settings.seed ?? 1);
  const cuts = [...(settings.cutAfterBytes ?? [])];
  const pairs = new Set<{ client: Socket; target: Socket }>();
  const wakers = new Set<() => void>();
  const host = settings.target.host ?? "127.0.0.1";
  let port = settings.target.port;
  let rate = settings.uploadBytesPerSecond ?? null;
  let bytesUp = 0;
  let accepted = 0;
  let cutCount = 0;
  let isStalled = false;
  let isRefusing = false;
  let answersToLose = 0;
  let uplinkFreeAt = performance.now();

  const drop = (pair: { client: Socket; target: Socket }, isCut: boolean) => {
    if (!pairs.delete(pair)) return;
    for (const socket of [pair.client, pair.target]) {
      // Node keeps the handle of a socket for ever that is reset after it was shut down.
      if (isCut && !socket.destroyed && !socket.writableEnded) socket.resetAndDestroy();
      else socket.destroy();
    }
  };

  const cutAll = () => {
    for (const pair of [...pairs]) {
      cutCount += 1;
      drop(pair, true);
    }
  };

  const pump = async (from: Socket, to: Socket, pair: { client: Socket; target: Socket }, isUp: boolean) => {
    for await (const data of from) {
      const delayMs = (settings.latencyMs ?? 0) + random() * (settings.jitterMs ?? 0);
      if (delayMs > 0) await sleep(delayMs);
      for (let rest: Buffer = data; rest.length > 0; ) {
        while (isStalled) await new Promise<void>((wake) => wakers.add(wake));
        if (!pairs.has(pair)) return;
        // Small pieces, so that a cut falls where it was asked for and a slow link stays smooth.
        const untilCut = isUp && cuts[0] !== undefined ? Math.max(cuts[0] - bytesUp, 1) : rest.length;
        const size = Math.min(rest.length, isUp && rate !== null ? 16_384 : rest.length, untilCut);
        if (isUp && rate !== null) {
          uplinkFreeAt = Math.max(uplinkFreeAt, performance.now()) + (size / rate) * 1000;
          await sleep(uplinkFreeAt - performance.now());
        }
        if (!isUp && answersToLose > 0) {
          answersToLose -= 1;
          cutCount += 1;
          drop(pair, true);
          return;
        }
        if (!to.write(rest.subarray(0, size))) await drained(to);
        rest = rest.subarray(size);
        if (!isUp) continue;
        bytesUp += size;
        if (cuts[0] !== undefined && bytesUp >= cuts[0]) {
          cuts.shift();
          cutAll();
        }
      }
    }
    to.end();
  };

  const server = createServer({ allowHalfOpen: true }, (client) => {
    accepted += 1;
    if (isRefusing) {
      cutCount += 1;
      client.on("error", () => undefined).resetAndDestroy();
      return;
    }
    const target = new Socket({ allowHalfOpen: true }).connect(port, host);
    const pair = { client, target };
    pairs.add(pair);
    for (const socket of [client, target]) {
      socket.setNoDelay(true);
      socket.on("error", () => drop(pair, false));
      socket.on("close", () => {
        if (client.destroyed && target.destroyed) pairs.delete(pair);
      });
    }
    // A socket that is reset ends its loop with an error; `drop` has dealt with it already.
    pump(client, target, pair, true).catch(() => drop(pair, false));
    pump(target, client, pair, false).catch(() => drop(pair, false));
  });
  await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("A TCP server has an address and a port.");

  return {
    port: address.port,
    url: `http://127.0.0.1:${address.port}`,
    bytesUp: () => bytesUp,
    connections: () => ({ accepted, cut: cutCount }),
    cut: cutAll,
    stall: () => {
      isStalled = true;
    },
    resume: () => {
      isStalled = false;
      for (const wake of wakers) wake();
      wakers.clear();
    },
    refuse: (refused) => {
      isRefusing = refused;
    },
    loseNextAnswer: () => {
      answersToLose += 1;
    },
    setRate: (bytesPerSecond) => {
      rate = bytesPerSecond;
    },
    retarget: (newPort) => {
      port = newPort;
    },
    close: async () => {
      const closed = new Promise<void>((done) => server.close(() => done()));
      for (const pair of [...pairs]) drop(pair, false);
      isStalled = false;
      for (const wake of wakers) wake();
      await closed;
    },
  };
}

function sleep(ms: number): Promise<void> {
  return ms > 0 ? new Promise((resolve) => setTimeout(resolve, ms)) : Promise.resolve();
}

/** Waits until a socket takes more, or is closed. */
export function drained(socket: Socket): Promise<void> {
  if (socket.destroyed) return Promise.resolve();
  return new Promise((resolve) => {
    const done = () => {
      socket.off("drain", done).off("close", done);
      resolve();
    };
    socket.once("drain", done).once("close", done);
  });
}
