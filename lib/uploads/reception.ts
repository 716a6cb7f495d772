import type { Context } from "../context.ts";
import type { BlobWriter } from "../storage/index.ts";
import type { BodyCheck } from "./checksum.ts";
import type { ChunkDigester, WholeChunk } from "./chunk-digester.ts";
import { chunkMismatch, type DeclaredChunks } from "./declared-chunks.ts";
import type { EndReason, Inbox } from "./inbox.ts";
import { type Lease, renewLease } from "./lease.ts";
import type { Progress } from "./write-progress.ts";
import type { Asker, LocalWriter, Writers } from "./writers.ts";

/** Bytes that may be written and not yet durable, before receiving waits for the medium. */
const maxUnsyncedBytes = 64 * 1024 * 1024;
/** The medium is set to work each time that so much was written, so that little is left for the end of a body. */
const earlySyncBytes = 2 * 1024 * 1024;

type Parts = {
  ctx: Context;
  lease: Lease;
  file: BlobWriter;
  digester: ChunkDigester;
  /** Not null: nothing of this body is promised before all of it was found right. */
  checksum: BodyCheck | null;
  /** Not null: no chunk is promised whole that is not what the manifest says. */
  declared: DeclaredChunks | null;
  inbox: Inbox;
  writers: Writers;
  /** Told each time that more of the body is promised. */
  onPromise?: ((offsetBytes: number) => void) | undefined;
};

/**
 * One body on its way into storage. Three things overlap: the next batch arrives while one is written and
 * digested, and chunks that are whole are synced and committed behind both. The order for any one byte is
 * always the same: written, digested, synced, committed, answered.
 */
export class Reception implements LocalWriter {
  readonly fence: number;
  readonly #parts: Parts;
  #writtenBytes: number;
  /** What the last sync that ended has made durable. */
  #durableBytes: number;
  /** What the last commit promised; of a body that is held back, nothing. */
  #promisedBytes: number;
  #isHeld: boolean;
  #chunks: WholeChunk[] = [];
  #background: Promise<void> | null = null;
  #backgroundError: { error: unknown } | null = null;
  #committedAt = performance.now();
  #renewedAt = performance.now();
  #renewing: Promise<void> | null = null;
  #isSyncTrusted = true;
  readonly #startedAt = performance.now();
  #holdTimer: NodeJS.Timeout | undefined;
  #wrongFromBytes: number | null = null;
  #settled = Promise.withResolvers<void>();

  constructor(parts: Parts) {
    this.fence = parts.lease.fence;
    this.#parts = parts;
    this.#writtenBytes = parts.lease.upload.offsetBytes;
    this.#durableBytes = parts.lease.upload.offsetBytes;
    this.#promisedBytes = parts.lease.upload.offsetBytes;
    this.#isHeld = parts.checksum !== null;
  }

  /**
   * Receives until the body ends, in whatever way.
   *
   * @returns why it ended, and what is written and not yet committed
   * @throws what writing, syncing or committing threw; what is committed stays
   */
  async run(): Promise<EndReason> {
    const { inbox, writers } = this.#parts;
    const timer = setInterval(() => this.#tick(), Math.min(250, writers.timing.renewMs / 2));
    try {
      for (let batch = await inbox.take(); batch !== null; batch = await inbox.take()) {
        if (performance.now() > this.#parts.lease.safeUntil) await this.#renew();
        await this.#write(batch);
        if (this.#chunks.length > 0 && !this.#isHeld) this.#behind(() => this.#commit(false));
        if (this.#writtenBytes - this.#durableBytes >= earlySyncBytes) this.#behind(() => this.#sync());
        if (this.#writtenBytes - this.#durableBytes > maxUnsyncedBytes) await this.#background;
        this.#throwBackgroundError();
      }
      await this.#background;
      this.#throwBackgroundError();
      return inbox.ended ?? "whole";
    } finally {
      clearInterval(timer);
      clearTimeout(this.#holdTimer);
      inbox.stop("failed");
      await this.#background;
      // A renewal that overtook the release of the lease would keep the next writer out.
      await this.#renewing;
    }
  }

  /**
   * Lets all that is written be promised: its checksum is right.
   *
   * @throws AppError checksum_mismatch, invalid_input
   */
  verify(): void {
    this.#parts.checksum?.verify();
    this.#isHeld = false;
  }

  /**
   * Compares the last, shorter chunk with the manifest, once all bytes of the file are written.
   *
   * @throws AppError chunk_mismatch
   */
  async verifyLast(): Promise<void> {
    const last = this.#parts.declared === null ? null : this.#parts.digester.peek();
    if (last !== null) await this.#compare([last]);
  }

  /** What the sender was told, or may have been. */
  get acknowledgedBytes(): number {
    return this.#promisedBytes;
  }

  /** Where a chunk begins that is not what the manifest says; null: none is wrong. */
  get wrongFromBytes(): number | null {
    return this.#wrongFromBytes;
  }

  /** Makes all that may be promised durable, and returns it for the last commit. */
  async syncRest(isEndOfFile: boolean): Promise<Progress> {
    const { digester, lease } = this.#parts;
    if (this.#isHeld) return { offsetBytes: lease.upload.offsetBytes, chunks: [], tail: null };
    if (performance.now() > lease.safeUntil) await this.#renew();
    if (this.#writtenBytes > this.#durableBytes) await this.#sync();
    const last = isEndOfFile ? digester.end() : null;
    const chunks = last === null ? this.#chunks : [...this.#chunks, last];
    return { offsetBytes: this.#writtenBytes, chunks, tail: isEndOfFile ? null : this.#tail() };
  }

  /** What is written so far. */
  get writtenBytes(): number {
    return this.#writtenBytes;
  }

  /** A checksum is due, so that nothing of this body may be promised. */
  get isHeld(): boolean {
    return this.#isHeld;
  }

  /**
   * A writer ends soon, whatever its client does, because all that it has received is kept. A body that is held back
   * would be lost, and two clients could throw each other out for ever: it ends only when its client is silent.
   */
  giveWay(asker: Asker): boolean {
    const { inbox, writers } = this.#parts;
    const { holdMs, silentMs } = writers.timing;
    const now = performance.now();
    const isSilent = now - inbox.lastByteAt >= silentMs;
    if (!isSilent && (asker === "reader" || this.#isHeld)) return inbox.ended !== null;
    const leftMs = isSilent ? 0 : this.#startedAt + holdMs - now;
    if (leftMs <= 0) inbox.stop("given_way");
    else this.#holdTimer ??= setTimeout(() => inbox.stop("given_way"), leftMs);
    return true;
  }

  stop(): Promise<void> {
    this.#parts.inbox.stop("stopping");
    return this.#settled.promise;
  }

  /** Says that this request has let go of the upload. */
  settle(): void {
    this.#settled.resolve();
  }

  async #write(batch: readonly Uint8Array[]): Promise<void> {
    const { file, digester, checksum } = this.#parts;
    const written = file.write(batch);
    const whole = digester.add(batch); // while the medium writes
    checksum?.update(batch);
    await written;
    if (whole.length > 0) await this.#compare(whole);
    let bytes = 0;
    for (const buffer of batch) bytes += buffer.byteLength;
    this.#writtenBytes += bytes;
    this.#parts.ctx.metrics.add("receivedBytes", bytes);
    this.#chunks.push(...whole);
  }

  /**
   * Compares chunks that became whole with the manifest. Of a wrong one nothing counts as written, so that what is
   * committed afterwards ends before it.
   *
   * @throws AppError chunk_mismatch
   */
  async #compare(whole: readonly WholeChunk[]): Promise<void> {
    const wrong = (await this.#parts.declared?.firstWrong(whole)) ?? null;
    if (wrong === null) return;
    this.#chunks.push(...whole.filter(({ index }) => index < wrong.index));
    this.#wrongFromBytes = wrong.index * this.#parts.lease.upload.chunkSizeBytes;
    this.#writtenBytes = this.#wrongFromBytes;
    throw chunkMismatch(wrong.index, wrong.expectedSha256, wrong.sha256);
  }

  /** The growing chunk as far as it is written, which is less than digested when a write failed. */
  #tail(): Progress["tail"] {
    const { chunkSizeBytes } = this.#parts.lease.upload;
    const lengthBytes = this.#writtenBytes % chunkSizeBytes;
    return lengthBytes === 0 ? null : { index: Math.floor(this.#writtenBytes / chunkSizeBytes), lengthBytes };
  }

  /** Works beside receiving, at one thing at a time; what cannot begin now is asked for again. */
  #behind(work: () => Promise<void>): void {
    if (this.#background !== null || this.#backgroundError !== null) return;
    this.#background = work()
      .catch((error: unknown) => {
        this.#backgroundError = { error };
        this.#parts.inbox.stop("failed");
      })
      .finally(() => {
        this.#background = null;
      });
  }

  /**
   * Promises what is written; `withTail` also inside a chunk. Never the last byte: a client that is told the whole length
   * sends nothing more, so the upload must be complete by then.
   */
  async #commit(withTail: boolean): Promise<void> {
    const { ctx, lease, writers } = this.#parts;
    const { chunkSizeBytes } = lease.upload;
    let includesTail = withTail;
    do {
      if (this.#writtenBytes === lease.upload.lengthBytes) return this.#sync();
      const chunks = this.#chunks;
      this.#chunks = [];
      const tail = includesTail ? this.#tail() : null;
      const boundary = Math.floor(this.#writtenBytes / chunkSizeBytes) * chunkSizeBytes;
      const offsetBytes = boundary + (tail?.lengthBytes ?? 0);
      try {
        await this.#sync();
        await writers.commits.add({ ctx, lease, progress: { offsetBytes, chunks, tail }, releases: false });
      } catch (error) {
        // What is still promised after a full disk must bring these rows too.
        this.#chunks = [...chunks, ...this.#chunks];
        throw error;
      }
      this.#promisedBytes = offsetBytes;
      this.#committedAt = performance.now();
      this.#parts.onPromise?.(offsetBytes);
      includesTail = false;
    } while (this.#chunks.length > 0);
  }

  /** After a sync that failed the pages may be gone, and the next sync would not tell: never trust it again. */
  async #sync(): Promise<void> {
    if (!this.#isSyncTrusted) throw new Error("an earlier sync of this blob failed");
    this.#isSyncTrusted = false;
    const writtenBytes = this.#writtenBytes;
    await this.#parts.file.sync();
    this.#isSyncTrusted = true;
    this.#durableBytes = writtenBytes;
  }

  #throwBackgroundError(): void {
    if (this.#backgroundError !== null) throw this.#backgroundError.error;
  }

  /** Four times a second: a silent client, a lease to renew, bytes to commit. */
  #tick(): void {
    const { inbox, writers } = this.#parts;
    const now = performance.now();
    inbox.nudge();
    inbox.judge(writers.timing);
    const isBehind = this.#writtenBytes > this.#promisedBytes && !this.#isHeld;
    if (isBehind && now - this.#committedAt > writers.timing.checkpointMs) this.#behind(() => this.#commit(true));
    if (this.#renewing !== null || now - this.#renewedAt < writers.timing.renewMs) return;
    this.#renewing = this.#renew()
      .catch((error: unknown) => {
        this.#backgroundError ??= { error };
        inbox.stop("failed");
      })
      .finally(() => {
        this.#renewing = null;
      });
  }

  async #renew(): Promise<void> {
    const { ctx, lease, writers } = this.#parts;
    const { isWanted, isRefused } = await renewLease(ctx, lease, writers.timing);
    this.#renewedAt = performance.now();
    if (isRefused) this.#parts.inbox.stop("refused");
    if (isWanted) this.giveWay("writer");
  }
}
