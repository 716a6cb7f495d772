import type { FileHandle } from "node:fs/promises";
import { dirname } from "node:path";
import { type ContainerFacts, readContainerFacts } from "./container/index.ts";
import { type FileIdentity, fileProblem, identityOf, isSameIdentity, openRegularFile } from "./file-identity.ts";
import { type Clock, systemClock } from "./finding/clock.ts";
import { sleep } from "./patience.ts";
import { Problem } from "./problems.ts";
import { syncFolder } from "./state/durable-file.ts";

/** When a file counts as finished. */
export type SettleSettings = {
  /** Size, times and inode must stay the same for so long, by the monotonic clock. */
  settleMs: number;
  /**
   * A file whose container does not reach its end may still be written, slowly. Unchanged for so long, it is taken
   * as what is left of a recorder that lost its power, and goes out marked as incomplete: half a recording is
   * evidence too.
   */
  incompleteAfterMs: number;
};

/** A finished file, open for reading. Whoever has it closes the handle. */
export type ReadyFile = {
  path: string;
  handle: FileHandle;
  identity: FileIdentity;
  container: ContainerFacts;
};

/** Why a file is not taken yet. */
export type WaitReason = "empty" | "growing" | "incomplete";

/** A file that is not taken yet, and why in words. */
export type NotYet = { waitFor: WaitReason; detail: string };

/**
 * Opens a file that is believed finished, makes it durable, and looks into it to its end.
 *
 * @param whyNot judges what was seen; `container` is null before the look inside. Null: it may be taken
 * @throws Problem "file" when it is missing, unreadable or no regular file
 */
export async function openFinished(
  path: string,
  whyNot: (identity: FileIdentity, container: ContainerFacts | null) => NotYet | null,
): Promise<ReadyFile | NotYet> {
  const handle = await openRegularFile(path);
  let isTaken = false;
  try {
    const identity = identityOf(await handle.stat());
    if (identity.sizeBytes === 0) return whyNot(identity, null) ?? { waitFor: "empty", detail: "it is empty" };
    const early = whyNot(identity, null);
    if (early !== null) return early;
    // A recorder that wrote and closed may still have everything in memory only, its name too: a power cut now must
    // not take away what is about to be described. Not every file system can, and then nothing is lost by going on.
    await handle.sync().catch(() => undefined);
    await syncFolder(dirname(path)).catch(() => undefined);
    const container = await readContainerFacts(rangeReader(handle, identity.sizeBytes));
    const late = whyNot(identityOf(await handle.stat()), container);
    if (late !== null) return late;
    isTaken = true;
    return { path, handle, identity, container };
  } catch (error) {
    throw fileProblem(path, error);
  } finally {
    if (!isTaken) await handle.close();
  }
}

/** Watches one file until it is finished, over any number of looks. */
export class SettleWatch {
  readonly path: string;
  readonly #settings: Readonly<SettleSettings>;
  readonly #clock: Clock;
  #identity: FileIdentity | null = null;
  #sinceMs = 0;

  /** @param settled identity in which the file was found finished before; null: none */
  constructor(
    path: string,
    settings: Readonly<SettleSettings>,
    settled: FileIdentity | null = null,
    clock: Clock = systemClock,
  ) {
    this.path = path;
    this.#settings = settings;
    this.#clock = clock;
    this.#identity = settled;
    this.#sinceMs = settled === null ? 0 : Number.NEGATIVE_INFINITY;
  }

  /** Notes the file's present identity; true when it is unchanged for long enough to be worth a look inside. */
  note(identity: FileIdentity): boolean {
    if (this.#identity === null || !isSameIdentity(this.#identity, identity)) {
      this.#identity = identity;
      this.#sinceMs = this.#clock.monotonicMs();
    }
    return this.isSettled;
  }

  /** Size at the last look. */
  get sizeBytes(): number | null {
    return this.#identity?.sizeBytes ?? null;
  }

  /** Whether it has stayed the same for long enough, as far as was seen. */
  get isSettled(): boolean {
    return (this.sizeBytes ?? 0) > 0 && this.unchangedMs >= this.#settings.settleMs;
  }

  /** For how long nothing has changed. */
  get unchangedMs(): number {
    return this.#clock.monotonicMs() - this.#sinceMs;
  }

  /**
   * Takes the file when it is finished; otherwise says why not.
   *
   * @throws Problem "file" when it is missing, unreadable or no regular file
   */
  look(): Promise<ReadyFile | NotYet> {
    return openFinished(this.path, (identity, container) => {
      const isSettled = this.note(identity);
      if (identity.sizeBytes === 0) return { waitFor: "empty", detail: "it is empty" };
      if (!isSettled)
        return { waitFor: "growing", detail: `it changed less than ${this.#settings.settleMs / 1000} s ago` };
      if (container?.isComplete === false && this.unchangedMs < this.#settings.incompleteAfterMs)
        return { waitFor: "incomplete", detail: container.missing ?? "it does not reach its end" };
      return null;
    });
  }
}

/**
 * Waits until a file is finished.
 *
 * @param settled identity in which it was found finished before; then there is nothing to wait for
 * @param onWait called when the reason to wait changes
 * @throws Problem "file"; an empty file is one as soon as it stayed empty for the settle time
 */
export async function waitUntilReady(
  path: string,
  settings: SettleSettings,
  settled: FileIdentity | null,
  signal: AbortSignal,
  onWait: (reason: WaitReason, detail: string) => void,
): Promise<ReadyFile> {
  const watch = new SettleWatch(path, settings, settled);
  let told: WaitReason | null = null;
  let sizeBefore: number | null = null;
  for (;;) {
    const found = await watch.look();
    if ("handle" in found) return found;
    if (found.waitFor === "empty" && watch.unchangedMs >= settings.settleMs)
      throw new Problem("file", `${path} is empty; there is nothing to upload.`);
    // A file that merely has to lie still for a moment needs no message; one that was seen changing does.
    const isSeenChanging = sizeBefore !== null && sizeBefore !== watch.sizeBytes;
    if ((found.waitFor === "incomplete" || isSeenChanging) && told !== found.waitFor) {
      told = found.waitFor;
      onWait(found.waitFor, found.detail);
    }
    sizeBefore = watch.sizeBytes;
    const remainingMs = settings.settleMs - watch.unchangedMs;
    await sleep(Math.min(Math.max(remainingMs, 50), 1000), signal);
  }
}

/** Reads an open file by position. */
export function rangeReader(handle: FileHandle, sizeBytes: number) {
  return {
    sizeBytes,
    read: async (position: number, lengthBytes: number): Promise<Buffer> => {
      const buffer = Buffer.alloc(lengthBytes);
      const { bytesRead } = await handle.read(buffer, 0, lengthBytes, position);
      return buffer.subarray(0, bytesRead);
    },
  };
}
