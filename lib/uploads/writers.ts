import type { DigestState } from "./chunk-digester.ts";
import { GroupCommit } from "./group-commit.ts";
import type { WriterTiming } from "./timing.ts";

/** A request of this process that is writing an upload. */
export type LocalWriter = {
  /** Gives way if its client has gone silent. */
  askToGiveWay(): void;
  /** Ends at a durable offset; settles when it has. */
  stop(): Promise<void>;
};

/** Dropping a kept digest costs reading at most one chunk again. */
const maxKeptDigests = 512;

/**
 * Who is writing in this process. Only a short cut to what the database decides: the lease of each upload is
 * the truth, and another process has writers of its own.
 */
export class Writers {
  readonly timing: WriterTiming;
  readonly commits = new GroupCommit();
  readonly #writers = new Map<string, LocalWriter>();
  readonly #digests = new Map<string, DigestState & { fence: number }>();
  #isStopping = false;

  constructor(timing: WriterTiming) {
    this.timing = timing;
  }

  /** Makes a writer known; in a server that stops, it ends at once. */
  add(uploadId: string, writer: LocalWriter): void {
    this.#writers.set(uploadId, writer);
    if (this.#isStopping) void writer.stop();
  }

  /** Forgets a writer that has let go. */
  remove(uploadId: string, writer: LocalWriter): void {
    if (this.#writers.get(uploadId) === writer) this.#writers.delete(uploadId);
  }

  /** Asks this process's writer of an upload to give way; false when there is none here. */
  ask(uploadId: string): boolean {
    const writer = this.#writers.get(uploadId);
    writer?.askToGiveWay();
    return writer !== undefined;
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
}
