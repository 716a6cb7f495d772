import { createHash, generateKeyPairSync } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { seededRandom } from "../../e2e/support/proxy.ts";
import { archiveAudience } from "../../lib/devices/index.ts";
import {
  buildManifest,
  ed25519Bytes,
  ed25519JwkOf,
  jwkThumbprint,
  minChunkSizeBytes,
  signManifest,
} from "../../lib/protocol/index.ts";
import { makeDevice } from "../../lib/testing/factories/devices.ts";
import type { TestWorld } from "../../lib/testing/test-world.ts";
import { Archive } from "../http/archive.ts";
import { startDelayMs } from "../http/start-delay.ts";
import { defaultTransportSettings, Transport, unthrottled } from "../http/transport.ts";
import { AccessTokens } from "../identity/access-tokens.ts";
import { ArchiveClock } from "../identity/archive-clock.ts";
import type { Identity } from "../identity/identity.ts";
import { Patience } from "../patience.ts";
import { Problem } from "../problems.ts";
import { sendBytes } from "../send-bytes.ts";
import { randomBytes } from "./random-bytes.ts";

export type FleetOptions = {
  devices: number;
  seed: number;
  /** 0.1: the minute over which they spread lasts six seconds. */
  timeScale: number;
  /** Of each device's one recording. */
  sizeBytes: number;
};

/** What a fleet did when it got its power back. */
export type FleetFigures = {
  devices: number;
  sealed: number;
  requests: number;
  retries: number;
  /** Until the last one is sealed, in the fleet's own time. */
  seconds: number;
  requestsPerSecond: number;
  /** The busiest 10 s of the fleet's own time, over the mean of the minute over which it is spread. */
  busiestOverMean: number;
};

const windowMs = 10_000;
const spreadMs = 60_000;
const patience = { firstDelayMs: 1000, maxDelayMs: 300_000, giveUpAfterMs: null };

/**
 * A fleet that gets its power back in one moment. Each device is what the uploader is made of (start-up jitter, tokens
 * bought by its key, transport, patience), with its state in memory: it announces one recording by its manifest, sends
 * it, and asks until it is sealed. All requests are counted.
 */
export async function restartFleet(world: TestWorld, url: string, options: FleetOptions): Promise<FleetFigures> {
  const random = seededRandom(options.seed);
  const audience = await archiveAudience(world.db);
  const devices = [];
  for (let index = 0; index < options.devices; index++) devices.push(await makeIdentity(world, url, audience));
  const counts: Counts = { requestsAtMs: [], retries: 0 };
  const powerBackAtMs = performance.now();
  const ends = await Promise.all(
    devices.map((identity, index) =>
      liveOnce(identity, startDelayMs(true, random) * options.timeScale, index, options, counts),
    ),
  );
  const lastMs = Math.max(...ends);
  const seconds = (lastMs - powerBackAtMs) / options.timeScale / 1000;
  const requestsPerSecond = counts.requestsAtMs.length / seconds;
  return {
    devices: options.devices,
    sealed: ends.length,
    requests: counts.requestsAtMs.length,
    retries: counts.retries,
    seconds,
    requestsPerSecond,
    busiestOverMean:
      busiest(counts.requestsAtMs, windowMs * options.timeScale) / (counts.requestsAtMs.length * (windowMs / spreadMs)),
  };
}

type Counts = { requestsAtMs: number[]; retries: number };

async function makeIdentity({ db }: TestWorld, server: string, audience: string): Promise<Identity> {
  const { id, name } = await makeDevice(db);
  const { publicKey, privateKey } = generateKeyPairSync("ed25519");
  const jwk = ed25519JwkOf(publicKey);
  const kid = jwkThumbprint(jwk);
  await db.deviceKey.create({
    data: { kid, deviceId: id, publicKey: new Uint8Array(ed25519Bytes(jwk)), createdAt: new Date(), buysTokens: true },
  });
  return { server, device: id, name, audience, kid, key: privateKey, keys: [], state: "active", previous: null };
}

/** @returns when its recording was sealed */
async function liveOnce(
  identity: Identity,
  startDelay: number,
  index: number,
  { sizeBytes, timeScale }: FleetOptions,
  counts: Counts,
): Promise<number> {
  const transport = new CountingTransport(counts, startDelay);
  const clock = new ArchiveClock();
  const tokens = new AccessTokens({ identity, transport, clock, keep: async () => undefined });
  const archive = new Archive(
    identity.server,
    transport,
    { kind: "identity", identity, tokens, readPinned: async () => [] },
    clock,
  );
  const { signal } = new AbortController();
  const content = randomBytes(sizeBytes, index + 1);
  const sha256 = createHash("sha256").update(content).digest("hex");
  const manifest = buildManifest({
    device: identity.device,
    sequence: 1,
    previous: null,
    fileName: `${index}.bin`,
    mediaType: "application/octet-stream",
    sizeBytes,
    sha256,
    chunkSizeBytes: minChunkSizeBytes,
    chunkSha256: [sha256],
    complete: true,
  } as Parameters<typeof buildManifest>[0]);
  const jws = signManifest(manifest, identity.key);
  const delays = new Patience(patience);
  for (;;) {
    try {
      const { recording, upload, state } = await archive.announce(jws, signal);
      if (state === "sealed") return performance.now();
      if (state === "receiving")
        await sendBytes(
          {
            archive,
            uploadUrl: upload,
            sizeBytes,
            chunkSizeBytes: minChunkSizeBytes,
            acknowledgedBytes: 0,
            patience: 1,
            read: async (buffer, position, length) => content.copy(buffer, 0, position, position + length),
            checkFile: async () => undefined,
            onAcknowledged: () => undefined,
            onSent: () => undefined,
          },
          signal,
        );
      for (let pauseMs = 2000; (await archive.getRecording(recording, signal)).state !== "sealed"; pauseMs *= 1.5)
        await sleep(pauseMs * timeScale * (0.75 + Math.random() / 2));
      transport.close();
      return performance.now();
    } catch (error) {
      if (!(error instanceof Problem) || error.kind !== "again") throw error;
      counts.retries += 1;
      await sleep(delays.nextDelayMs(error) * timeScale);
    }
  }
}

class CountingTransport extends Transport {
  readonly #counts: Counts;
  readonly #opensAtMs: number;

  constructor(counts: Counts, startDelay: number) {
    super({ ...defaultTransportSettings, startDelayMs: startDelay }, unthrottled);
    this.#counts = counts;
    this.#opensAtMs = performance.now() + startDelay;
  }

  override send(...given: Parameters<Transport["send"]>): ReturnType<Transport["send"]> {
    this.#counts.requestsAtMs.push(Math.max(performance.now(), this.#opensAtMs));
    return super.send(...given);
  }
}

/** The most of these moments that lie within so long of each other. */
function busiest(moments: readonly number[], withinMs: number): number {
  const sorted = [...moments].sort((a, b) => a - b);
  let most = 0;
  let first = 0;
  for (const [last, moment] of sorted.entries()) {
    while (moment - (sorted[first] ?? 0) > withinMs) first += 1;
    most = Math.max(most, last - first + 1);
  }
  return most;
}
