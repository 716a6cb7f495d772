import type { Signals } from "../signals.ts";
import type { DigestState } from "./chunk-digester.ts";
import { completeUploads } from "./commit.ts";
import { GroupCommit } from "./group-commit.ts";
import type { WriterTiming } from "./timing.ts";
import { writeProgress } from "./write-progress.ts";

/** Who asks a writer to end: a newer writer, or somebody who only wants to know the offset. */
export type Asker = "writer" | "reader";

/** A request of this process that is writing an upload. */
export type LocalWriter = {
  /** Of its lease. */
  readonly fence: number;
  /**
   * Ends at a durable offset: soon for a newer writer, for a reader only when its client has gone silent.
   * Returns whether it will.
   */
  giveWay(asker: Asker): boolean;
  /** Ends at a durable offset; settles when it has. */
  stop(): Promise<void>;
};

/** Fences remembered around the time of their writers; far more than ever matter at once. */
const maxFences = 512;
/** Dropping a kept digest costs reading at most one chunk again. */
const maxKeptDigests = 512;

/**
 * Who is writing in this process. Only a short cut to what the database decides: the lease of each upload is
 * the truth, and another process has writers of its own, which are reached by signals.
 */
export class Writers {
  readonly timing: WriterTiming;
  readonly commits = new GroupCommit((ctx, group) => writeProgress(ctx.sql, group));
  /** Last bytes, with what must be true in the same transaction. */
  readonly completions = new GroupCommit(completeUploads);
  readonly #signals: Signals;
  readonly #writers = new Map<string, LocalWriter>();
  /** Uploads whose end other processes wait for. */
  readonly #wantedElsewhere = new Set<string>();
  /** Fences that were asked for before their writers made themselves known. */
  readonly #earlyAsks = new Map<string, number>();
  /** Fences of writers that have let go, by upload: whoever asks for one now has missed the news. */
  readonly #ended = new Map<string, number>();
  readonly #waiting = new Map<string, Set<() => void>>();
  readonly #digests = new Map<string, DigestState & { fence: number }>();
  #isStopping = false;

  constructor(timing: WriterTiming, signals: Signals) {
    this.timing = timing;
    this.#signals = signals;
    signals.listen((text) => this.#hear(text));
  }

  /** How many are writing now. */
  get count(): number {
    return this.#writers.size;
  }

  /** Makes a writer known; in a server that stops, it ends at once. */
  add(uploadId: string, writer: LocalWriter): void {
    this.#writers.set(uploadId, writer);
    if (this.#isStopping) void writer.stop();
    if (this.#earlyAsks.get(uploadId) === writer.fence) this.#hear(`writer ${uploadId} ${writer.fence}`);
    this.#earlyAsks.delete(uploadId);
  }

  /** Forgets a writer that has let go, and wakes those who wait for it, here and elsewhere. */
  remove(uploadId: string, writer: LocalWriter): void {
    if (this.#writers.get(uploadId) === writer) this.#writers.delete(uploadId);
    remember(this.#ended, uploadId, writer.fence);
    this.#wake(uploadId);
    if (this.#wantedElsewhere.delete(uploadId)) this.#signals.send(`news ${uploadId}`);
  }

  /**
   * Asks the writer that holds an upload to give way, in whichever process it is.
   *
   * @param fence of its lease: who has taken the upload since is not meant
   * @returns whether the writer of this process will; "elsewhere" when it has none
   */
  ask(uploadId: string, fence: number, asker: Asker): boolean | "elsewhere" {
    const writer = this.#writers.get(uploadId);
    if (writer?.fence === fence) return writer.giveWay(asker);
    this.#signals.send(`${asker} ${uploadId} ${fence}`);
    return "elsewhere";
  }

  /** Calls `wake` once when there is news of this upload's writer. Returns what ends the waiting. */
  onNews(uploadId: string, wake: () => void): () => void {
    const waiting = this.#waiting.get(uploadId) ?? new Set();
    this.#waiting.set(uploadId, waiting.add(wake));
    return () => {
      waiting.delete(wake);
      if (waiting.size === 0 && this.#waiting.get(uploadId) === waiting) this.#waiting.delete(uploadId);
    };
  }

  /** Ends every PATCH at a durable offset, also those that come later. For a server that stops. */
  async stop(): Promise<void> {
    this.#isStopping = true;
    await Promise.all(Array.from(this.#writers.values(), (writer) => writer.stop()));
  }

  /** Leaves the digest of a half chunk for the next PATCH. */
  keepDigest(uploadId: string, fence: number, state: DigestState): void {
    this.#digests.delete(uploadId);
    this.#digests.set(uploadId, { ...state, fence });
    const oldest = this.#digests.keys().next();
    if (this.#digests.size > maxKeptDigests && !oldest.done) this.#digests.delete(oldest.value);
  }

  /** The digest that the lease just before this one left at this offset; null when somebody wrote in between. */
  takeDigest(uploadId: string, fence: number, offsetBytes: number): DigestState | null {
    const kept = this.#digests.get(uploadId);
    this.#digests.delete(uploadId);
    return kept !== undefined && kept.fence === fence - 1 && kept.offsetBytes === offsetBytes ? kept : null;
  }

  #wake(uploadId: string): void {
    const waiting = this.#waiting.get(uploadId);
    this.#waiting.delete(uploadId);
    for (const wake of waiting ?? []) wake();
  }

  #hear(text: string): void {
    const [word = "", uploadId = "", fence = ""] = text.split(" ");
    if (word === "news") this.#wake(uploadId);
    if (word !== "writer" && word !== "reader") return;
    const writer = this.#writers.get(uploadId);
    if (writer?.fence === Number(fence)) {
      if (writer.giveWay(word)) this.#wantedElsewhere.add(uploadId);
      else this.#signals.send(`news ${uploadId}`);
    } else if (this.#ended.get(uploadId) === Number(fence)) {
      this.#signals.send(`news ${uploadId}`);
    } else if (word === "writer") {
      remember(this.#earlyAsks, uploadId, Number(fence));
    }
  }
}

function remember(fences: Map<string, number>, uploadId: string, fence: number): void {
  fences.delete(uploadId);
  fences.set(uploadId, fence);
  const oldest = fences.keys().next();
  if (fences.size > maxFences && !oldest.done) fences.delete(oldest.value);
}
