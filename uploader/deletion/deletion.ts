import { lstat, unlink } from "node:fs/promises";
import { basename, dirname, extname, join } from "node:path";
import { type DeviceSettings, ProtocolError, verifyReceipt } from "../../lib/protocol/index.ts";
import { deleteSealedFile, undoHalfDeletion } from "../delivery/delete-file.ts";
import { stateGone } from "../delivery/describe-file.ts";
import { hasValidReceipt } from "../delivery/hold-receipt.ts";
import { readSidecar } from "../delivery/send-sidecars.ts";
import type { World } from "../delivery/world.ts";
import { companionNames, recordingExtensions } from "../finding/companions.ts";
import { messageOf, systemCode } from "../problems.ts";
import { syncFolder } from "../state/durable-file.ts";
import type { FileRecord } from "../state/file-record.ts";
import { type DiskSpace, readDiskSpace } from "./disk-space.ts";

export type DeletionSettings = DeviceSettings["deletion"];

/** As much of a record as its turn depends on. */
type Candidate = { server: string; file: string; isEvent: boolean; modifiedMs: number };

type Options = {
  world: World;
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

  /** Deletes what may go now. */
  async pass(): Promise<void> {
    this.alarm = null;
    const settings = this.#options.settings();
    if (settings.policy === "never") return;
    for (const candidate of await this.#ripe(settings)) {
      if (this.#options.world.signal.aborted) return;
      if (!(await this.#isWanted(candidate.file, settings))) return;
      await this.#delete(candidate).catch((error: unknown) => this.#tell(candidate.file, error));
    }
    await this.#evict(settings);
  }

  /** Files that were held long enough, in the order in which they go. */
  async #ripe({ holdHours }: DeletionSettings): Promise<Candidate[]> {
    const { store } = this.#options.world;
    const ripe: Candidate[] = [];
    for await (const record of store.receipted()) {
      // Time without power does not count, and no clock: a device that wakes up in 2031 has held nothing longer.
      const heldMs = record.receiptedAtRunMs === null ? -1 : store.runMs - record.receiptedAtRunMs;
      if (heldMs >= holdHours * 3_600_000) ripe.push(candidateOf(record));
    }
    return ripe.sort(oldestFirst);
  }

  async #isWanted(file: string, { keepFreeBytes }: DeletionSettings): Promise<boolean> {
    if (keepFreeBytes === null) return true;
    const space = await this.#space(dirname(file));
    return space !== null && space.freeBytes < keepFreeBytes;
  }

  async #delete({ server, file }: Candidate): Promise<void> {
    const { world, claim, release } = this.#options;
    if (!claim(file)) return;
    try {
      const record = await world.store.read(server, file);
      if (record === null || !(await isReceipted(record, world))) return;
      if (!(await exists(file))) await undoHalfDeletion(file);
      const isThere = await exists(file);
      // Another file under its name is not ours to delete, and is found as a new one.
      if (isThere && !(await deleteSealedFile(file, record.identity))) return;
      for (const sidecar of record.sidecars)
        if (sidecar.isDelivered && (await readSidecar(sidecar)) !== null) await unlink(sidecar.file);
      if (isThere) await deleteMarkers(file);
      if (record.sidecars.length > 0) await syncFolder(dirname(file)).catch(() => undefined);
      await world.store.write({ ...record, isDeleted: true, updatedAt: new Date().toISOString() }, true);
      if (record.sequence !== null) await world.chain?.forget(record.sequence);
      if (isThere) world.figures.deleted += 1;
      if (isThere) world.report({ event: "deleted", file, recording: record.recording, reason: "receipted" });
    } finally {
      release(file, false);
    }
  }

  async #evict(settings: DeletionSettings): Promise<void> {
    const { world, claim, release } = this.#options;
    if (settings.keepFreeBytes === null) return;
    const waiting: Candidate[] = [];
    for await (const record of world.store.all(["described", "sending"])) waiting.push(candidateOf(record));
    waiting.sort(oldestFirst);
    const [first] = waiting;
    if (first === undefined || !(await this.#isWanted(first.file, settings))) return;
    if (!settings.allowTombstones || world.chain === null) {
      this.alarm = "The disk is nearly full of recordings that the archive has not sealed; nothing of them is deleted.";
      return;
    }
    for (const { server, file, isEvent } of waiting) {
      if (isEvent || !(await this.#isWanted(file, settings)) || !claim(file)) continue;
      let isGone = false;
      try {
        const record = await world.store.read(server, file);
        if (record === null || record.class !== "bulk" || record.sequence === null) continue;
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
    if (await this.#isWanted(first.file, settings))
      this.alarm = "The disk is nearly full, and what is left on it may not be deleted.";
  }

  #tell(file: string, error: unknown): void {
    this.#options.world.report({ event: "notice", file, message: `It could not be deleted: ${messageOf(error)}` });
  }
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

function candidateOf({ server, file, class: fileClass, identity }: FileRecord): Candidate {
  return { server, file, isEvent: fileClass !== "bulk", modifiedMs: identity.modifiedMs };
}

function oldestFirst(a: Candidate, b: Candidate): number {
  return Number(a.isEvent) - Number(b.isEvent) || a.modifiedMs - b.modifiedMs;
}
