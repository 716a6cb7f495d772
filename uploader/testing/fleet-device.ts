import { createHash, generateKeyPairSync } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import {
  buildManifest,
  ed25519Bytes,
  ed25519JwkOf,
  type Heartbeat,
  jwkThumbprint,
  minChunkSizeBytes,
  signManifest,
} from "../../lib/protocol/index.ts";
import { makeDevice } from "../../lib/testing/factories/devices.ts";
import type { TestWorld } from "../../lib/testing/test-world.ts";
import { confirmPauseMs, receiptPauseMs } from "../delivery/confirm-pause.ts";
import { Archive } from "../http/archive.ts";
import { defaultTransportSettings, Transport, type TransportRequest, unthrottled } from "../http/transport.ts";
import { AccessTokens } from "../identity/access-tokens.ts";
import { ArchiveClock } from "../identity/archive-clock.ts";
import type { Identity } from "../identity/identity.ts";
import { Patience } from "../patience.ts";
import { Problem } from "../problems.ts";
import { sendBytes } from "../send-bytes.ts";
import { randomBytes } from "./random-bytes.ts";

const patience = { firstDelayMs: 1000, maxDelayMs: 300_000, giveUpAfterMs: null };
const heartbeatMs = 45_000;

/** What all devices of a fleet asked for. */
export class FleetCounts {
  readonly requestsAtMs: number[] = [];
  /** Attempts that failed, by why. */
  readonly retries = new Map<string, number>();

  failed(problem: Problem): void {
    const why = problem.code ?? problem.message.replace(/\d+(\.\d+)*/g, "N").slice(0, 90);
    this.retries.set(why, (this.retries.get(why) ?? 0) + 1);
  }

  get retriesInAll(): number {
    return [...this.retries.values()].reduce((sum, times) => sum + times, 0);
  }
}

/**
 * A device made of what the uploader is made of: start-up delay, tokens bought by its key, transport, patience, pauses
 * between questions. Its state is in memory, so that one process can be a thousand.
 */
export class FleetDevice {
  readonly #archive: Archive;
  readonly #transport: CountingTransport;
  readonly #identity: Identity;
  #counts: FleetCounts;
  readonly #index: number;
  readonly #closed = new AbortController();

  constructor(identity: Identity, index: number, startDelayMs: number, counts: FleetCounts) {
    this.#identity = identity;
    this.#index = index;
    this.#counts = counts;
    const transport = new CountingTransport(counts, startDelayMs);
    const clock = new ArchiveClock();
    const tokens = new AccessTokens({ identity, transport, clock, keep: async () => undefined });
    const credentials = { kind: "identity", identity, tokens, readPinned: async () => [] } as const;
    this.#transport = transport;
    this.#archive = new Archive(identity.server, transport, credentials, clock);
  }

  /** Says how it is until it is closed: at once, and then as often as the archive wants. */
  async beat(): Promise<void> {
    const { signal } = this.#closed;
    const beat: Heartbeat = {
      version: 1,
      instance: { bootId: `boot-${this.#index}`, process: `process-${this.#index}` },
      uploader: { version: "1.0.0", runtime: "node", platform: "linux" },
    };
    while (!signal.aborted) {
      let pauseMs = heartbeatMs;
      try {
        pauseMs = (await this.#archive.heartbeat(beat, signal)).nextInSeconds * 1000;
      } catch (error) {
        if (signal.aborted) return;
        this.#count(error);
      }
      await sleep(pauseMs * (0.9 + Math.random() * 0.2), null, { signal }).catch(() => undefined);
    }
  }

  /**
   * Announces its one recording by its manifest, sends it, asks until it is sealed, and fetches its receipt.
   *
   * @returns when the receipt was there
   */
  async deliver(sizeBytes: number): Promise<number> {
    const content = randomBytes(sizeBytes, this.#index + 1);
    const sha256 = createHash("sha256").update(content).digest("hex");
    const jws = this.#sign(content.length, sha256);
    const delays = new Patience(patience);
    const { signal } = this.#closed;
    for (let polls = 0; ; ) {
      try {
        const { recording, upload, state } = await this.#archive.announce(jws, signal);
        if (state === "receiving") await this.#send(upload, content);
        while ((await this.#archive.getRecording(recording, signal)).state !== "sealed")
          await sleep(confirmPauseMs(++polls));
        await this.#fetchReceipt(recording);
        return performance.now();
      } catch (error) {
        await sleep(delays.nextDelayMs(this.#count(error)));
      }
    }
  }

  /** What it asks for from now on is counted there. */
  countIn(counts: FleetCounts): void {
    this.#counts = counts;
    this.#transport.counts = counts;
  }

  async #fetchReceipt(recording: string): Promise<void> {
    for (let answers = 1; ; answers++)
      try {
        await this.#archive.getReceipt(recording, this.#closed.signal);
        return;
      } catch (error) {
        this.#count(error);
        await sleep(receiptPauseMs(answers));
      }
  }

  close(): void {
    this.#closed.abort();
    this.#transport.close();
  }

  #count(error: unknown): Problem {
    if (!(error instanceof Problem) || error.kind !== "again") throw error;
    this.#counts.failed(error);
    return error;
  }

  #sign(sizeBytes: number, sha256: string): string {
    const manifest = buildManifest({
      device: this.#identity.device,
      sequence: 1,
      previous: null,
      fileName: `${this.#index}.bin`,
      mediaType: "application/octet-stream",
      sizeBytes,
      sha256,
      chunkSizeBytes: minChunkSizeBytes,
      chunkSha256: [sha256],
      complete: true,
    } as Parameters<typeof buildManifest>[0]);
    return signManifest(manifest, this.#identity.key);
  }

  async #send(uploadUrl: string, content: Buffer): Promise<void> {
    const options = {
      archive: this.#archive,
      uploadUrl,
      sizeBytes: content.length,
      chunkSizeBytes: minChunkSizeBytes,
      acknowledgedBytes: 0,
      patience: 1,
      read: async (buffer: Buffer, position: number, length: number) =>
        content.copy(buffer, 0, position, position + length),
      checkFile: async () => undefined,
      onAcknowledged: () => undefined,
      onSent: () => undefined,
    };
    await sendBytes(options, this.#closed.signal);
  }
}

class CountingTransport extends Transport {
  counts: FleetCounts;
  readonly #opensAtMs: number;

  constructor(counts: FleetCounts, startDelayMs: number) {
    super({ ...defaultTransportSettings, startDelayMs }, unthrottled);
    this.counts = counts;
    this.#opensAtMs = performance.now() + startDelayMs;
  }

  override send(request: TransportRequest, signal: AbortSignal): ReturnType<Transport["send"]> {
    this.counts.requestsAtMs.push(Math.max(performance.now(), this.#opensAtMs));
    return super.send(request, signal);
  }
}

/** Enrols a device without its asking. */
export async function makeIdentity({ db }: TestWorld, server: string, audience: string): Promise<Identity> {
  const { id, name } = await makeDevice(db);
  const { publicKey, privateKey } = generateKeyPairSync("ed25519");
  const jwk = ed25519JwkOf(publicKey);
  const kid = jwkThumbprint(jwk);
  await db.deviceKey.create({
    data: { kid, deviceId: id, publicKey: new Uint8Array(ed25519Bytes(jwk)), createdAt: new Date(), buysTokens: true },
  });
  return { server, device: id, name, audience, kid, key: privateKey, keys: [], state: "active", previous: null };
}
