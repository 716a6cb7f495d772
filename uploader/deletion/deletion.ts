import { lstat, unlink } from "node:fs/promises";
import { basename, dirname, extname, join } from "node:path";
import { type DeviceSettings, ProtocolError, verifyReceipt } from "../../lib/protocol/index.ts";
import { deleteSealedFile, undoHalfDeletion } from "../delivery/delete-file.ts";
import { stateGone } from "../delivery/describe-file.ts";
import { hasValidReceipt } from "../delivery/hold-receipt.ts";
import { readSidecar } from "../delivery/send-sidecars.ts";
import type { World } from "../delivery/world.ts";
import { isSameIdentity, readIdentity } from "../file-identity.ts";
import { companionNames, recordingExtensions } from "../finding/companions.ts";
import { messageOf, systemCode } from "../problems.ts";
import { syncFolder } from "../state/durable-file.ts";
import type { FileRecord } from "../state/file-record.ts";
import { type DiskSpace, readDiskSpace } from "./disk-space.ts";

export type DeletionSettings = DeviceSettings["deletion"];

/** Looked at in one go. */
const batchFiles = 32;
/** So many of those that go next are told. */
const maxNext = 5;
/** What could not be deleted is looked at again after so long: there may be thousands, on a medium that takes no change. */
const againMs = 3_600_000;
const quotaIsFull = "The quota is full";

/** What is kept on the disk, and what of it would go next. */
export type DeletionView = {
  /** Bytes of all recordings here that were described, as far as is known. */
  bytesHere: number;
  quotaBytes: number | null;
  keepFreeBytes: number | null;
  /** That have their receipts and were held long enough; the first at most. Empty where nothing is ever deleted. */
  next: { file: string; sizeBytes: number; class: FileRecord["class"]; recording: string | null }[];
};

type Options = {
  world: World;
  /** The watched folders, each of which may be a disk of its own. */
  folders: readonly string[];
  settings: () => DeletionSettings;
  /** Keeps a file from everybody else for as long as it is looked at; false: somebody has it. */
  claim: (path: string) => boolean;
  /** @param isGone it is out of the queue for good */
  release: (path: string, isGone: boolean) => void;
  space?: (folder: string) => Promise<DiskSpace | null>;
};

/**
 * Deletes local files, and only those that a valid receipt is kept for, of exactly their bytes, after the hold time;
 * the oldest first, events last. Where it is allowed, a disk that is full of recordings without receipts loses its
 * oldest ordinary one, after a signed statement says so.
 */
export class Deletion {
  readonly #options: Options;
  readonly #space: (folder: string) => Promise<DiskSpace | null>;
  /** Too little is free, and nothing may be deleted. */
  alarm: string | null = null;

  constructor(options: Options) {
    this.#options = options;
    this.#space = options.space ?? readDiskSpace;
  }

  /** What is kept here and would go next, as it was after the last pass. */
  view: DeletionView | null = null;

  /** Deletes what may go now. Costs what is deleted, not what is remembered. */
  async pass(): Promise<void> {
    this.alarm = null;
    const settings = this.#options.settings();
    if (settings.policy !== "never") {
      await this.#deleteRipe(settings);
      await this.#evict(settings);
    }
    await this.#look(settings);
  }

  async #deleteRipe(settings: DeletionSettings): Promise<void> {
    const { store } = this.#options.world;
    let isOneFull: boolean | null = null;
    for await (const record of this.#inOrder((count) => this.#ripe(settings, count))) {
      if (!(await this.#isWanted(record.file, settings))) {
        isOneFull ??= await this.#isOneFull(settings);
        if (isOneFull) continue;
        return;
      }
      isOneFull = null;
      const isDone = await this.#delete(record).catch((error: unknown) => this.#tell(record.file, error));
      if (isDone !== true) store.holdFrom(record, heldUntilNow(store, settings) + againMs);
    }
  }

  #ripe(settings: DeletionSettings, count: number): string[] {
    const { store } = this.#options.world;
    return store.ripe(heldUntilNow(store, settings), count);
  }

  /** Records in order, each once; what is deleted meanwhile makes room for the next ones. */
  async *#inOrder(first: (count: number) => string[]): AsyncGenerator<FileRecord> {
    const { store, signal } = this.#options.world;
    const seen = new Set<string>();
    for (let count = batchFiles; ; ) {
      const inOrder = first(count);
      const keys = inOrder.filter((key) => !seen.has(key));
      if (keys.length === 0) {
        if (inOrder.length < count) return;
        // What could not be deleted stands before the rest.
        count *= 2;
        continue;
      }
      for (const key of keys) {
        if (signal.aborted) return;
        seen.add(key);
        const record = await store.readByKey(key);
        if (record !== null) yield record;
      }
    }
  }

  async #isWanted(file: string, { keepFreeBytes, quotaBytes }: DeletionSettings): Promise<boolean> {
    if (keepFreeBytes === null && quotaBytes === null) return true;
    if (quotaBytes !== null && this.#options.world.store.bytesHere > quotaBytes) return true;
    return keepFreeBytes !== null && (await this.#isFull(file, keepFreeBytes));
  }

  /** Whether any watched folder's disk is full, be it another one than of the file that would go next. */
  async #isOneFull({ keepFreeBytes }: DeletionSettings): Promise<boolean> {
    if (keepFreeBytes === null) return false;
    for (const folder of this.#options.folders) if (await this.#isFull(join(folder, "any"), keepFreeBytes)) return true;
    return false;
  }

  async #isFull(file: string, keepFreeBytes: number): Promise<boolean> {
    const space = await this.#space(dirname(file));
    return space !== null && space.freeBytes < keepFreeBytes;
  }

  async #look({ policy, quotaBytes, keepFreeBytes, ...settings }: DeletionSettings): Promise<void> {
    const { store } = this.#options.world;
    const keys = policy === "never" ? [] : this.#ripe({ policy, quotaBytes, keepFreeBytes, ...settings }, maxNext);
    const records = await Promise.all(keys.map((key) => store.readByKey(key)));
    const next = records.flatMap((record) => {
      if (record === null) return [];
      const { file, identity, recording } = record;
      return [{ file, sizeBytes: identity.sizeBytes, class: record.class, recording }];
    });
    this.view = { bytesHere: store.bytesHere, quotaBytes, keepFreeBytes, next };
  }

  /** @returns whether the file is gone, or somebody has it who decides; false: it cannot be deleted now */
  async #delete({ server, file }: FileRecord): Promise<boolean> {
    const { world, claim, release } = this.#options;
    if (!claim(file)) return true;
    try {
      const record = await world.store.read(server, file);
      if (record === null || !(await isReceipted(record, world))) return false;
      const isBack = !(await exists(file)) && (await undoHalfDeletion(file));
      const isThere = await exists(file);
      // Another file under its name is not ours to delete, and is found as a new one.
      if (isThere && !(await deleteSealedFile(file, record.identity, isBack))) return false;
      for (const sidecar of record.sidecars)
        if (sidecar.isDelivered && (await readSidecar(sidecar)) !== null) await unlink(sidecar.file);
      if (isThere) await deleteMarkers(file);
      if (record.sidecars.length > 0) await syncFolder(dirname(file)).catch(() => undefined);
      await world.store.write({ ...record, isDeleted: true, updatedAt: new Date().toISOString() }, true);
      if (record.sequence !== null) await world.chain?.forget(record.sequence);
      if (isThere) world.figures.deleted += 1;
      if (isThere) world.report({ event: "deleted", file, recording: record.recording, reason: "receipted" });
      return true;
    } finally {
      release(file, false);
    }
  }

  async #evict(settings: DeletionSettings): Promise<void> {
    const { world, claim, release } = this.#options;
    let awayBytes: number | null = null;
    let isOneFull: boolean | null = null;
    for await (const { server, file, class: fileClass } of this.#inOrder((count) => world.store.waiting(count))) {
      let full = await this.#whatIsFull(file, settings, awayBytes ?? 0);
      // Nothing that is here is given up for what a card took along.
      if (full === quotaIsFull && settings.allowTombstones && awayBytes === null) {
        awayBytes = await this.#awayBytes();
        full = await this.#whatIsFull(file, settings, awayBytes);
      }
      if (full === null) {
        isOneFull ??= await this.#isOneFull(settings);
        if (isOneFull) continue;
        this.alarm = null;
        return;
      }
      isOneFull = null;
      this.alarm = `${full}, and what is left here may not be deleted.`;
      if (!settings.allowTombstones || world.chain === null) {
        this.alarm = `${full} of recordings that the archive has not sealed; nothing of them is deleted.`;
        return;
      }
      // Events come last: nothing but they is left.
      if (fileClass !== "bulk") return;
      if (!claim(file)) continue;
      let isGone = false;
      try {
        const record = await world.store.read(server, file);
        if (record === null || record.class !== "bulk" || record.sequence === null) continue;
        // On a card that is away it makes no room here, and what became another file is found as that.
        if (!(await isHere(record))) continue;
        await stateGone(record, "evicted", world);
        isGone = true;
        if (!(await deleteSealedFile(file, record.identity))) continue;
        world.figures.deleted += 1;
        world.report({ event: "deleted", file, recording: record.recording, reason: "evicted" });
      } catch (error) {
        this.#tell(file, error);
        return;
      } finally {
        release(file, isGone);
      }
    }
  }

  // Against the quota only what the archive has not got counts here: what is sealed and held for a while must not cost any.
  async #whatIsFull(
    file: string,
    { keepFreeBytes, quotaBytes }: DeletionSettings,
    awayBytes: number,
  ): Promise<string | null> {
    if (quotaBytes !== null && this.#options.world.store.bytesWaiting - awayBytes > quotaBytes) return quotaIsFull;
    return keepFreeBytes !== null && (await this.#isFull(file, keepFreeBytes)) ? "The disk is nearly full" : null;
  }

  /** Bytes of what has not arrived, and is not where it was. */
  async #awayBytes(): Promise<number> {
    let bytes = 0;
    for await (const record of this.#inOrder((count) => this.#options.world.store.waiting(count)))
      if (!(await isHere(record))) bytes += record.identity.sizeBytes;
    return bytes;
  }

  #tell(file: string, error: unknown): void {
    this.#options.world.report({ event: "notice", file, message: `It could not be deleted: ${messageOf(error)}` });
  }
}

// Time without power does not count, and no clock: a device that wakes up in 2031 has held nothing longer.
function heldUntilNow({ runMs }: World["store"], { holdHours }: DeletionSettings): number {
  return runMs - holdHours * 3_600_000;
}

async function isHere({ file, identity }: FileRecord): Promise<boolean> {
  const now = await readIdentity(file).catch(() => null);
  return now !== null && isSameIdentity(now, identity);
}

// Empty ones, which say nothing that is lost with them, and none that may be another recording's by now.
async function deleteMarkers(file: string): Promise<void> {
  const [folder, name] = [dirname(file), basename(file)];
  const stem = name.slice(0, name.length - extname(name).length);
  const others = recordingExtensions.map((extension) => join(folder, `${stem}.${extension}`));
  for (const path of [file, ...others]) if (await exists(path)) return;
  for (const marker of [".done", ".event"].flatMap((ending) => companionNames(name, ending))) {
    const stats = await lstat(join(folder, marker)).catch(() => null);
    if (stats?.isFile() && stats.size === 0) await unlink(join(folder, marker));
  }
}

/** Whether anything has this name. @throws when nobody can tell: that must not pass for "no" */
async function exists(file: string): Promise<boolean> {
  try {
    await lstat(file);
    return true;
  } catch (error) {
    if (systemCode(error) === "ENOENT") return false;
    throw error;
  }
}

/** Whether a receipt is kept for exactly these bytes, and is signed by a key that this device believes. */
async function isReceipted(record: FileRecord, world: World): Promise<boolean> {
  if (record.receiptedAtRunMs === null || !(await hasValidReceipt(record, world))) return false;
  const jws = record.recording === null ? null : await world.store.readReceipt(record.recording);
  // A plain token pins no keys: its receipt was checked against the published ones when it came.
  if (jws === null || world.identity === null) return jws !== null;
  try {
    verifyReceipt(jws, world.identity.keys);
    return true;
  } catch (error) {
    if (error instanceof ProtocolError) return false;
    throw error;
  }
}
