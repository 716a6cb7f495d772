import { mkdir, readdir, readFile, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import type { Sha256Hex } from "../../lib/protocol/index.ts";
import type { FileIdentity } from "../file-identity.ts";
import { messageOf, Problem, systemCode } from "../problems.ts";
import { machineDisk, type StateDisk, type StateFile } from "./disk.ts";
import { decodeOldRecord, encodeRecord, type FilePhase, type FileRecord, readRecord, traceOf } from "./file-record.ts";
import { Journal, readLineAt } from "./journal.ts";
import { showPresence } from "./presence.ts";
import { lockHolder, takeLock } from "./process-lock.ts";
import { ReceiptFolder } from "./receipt-folder.ts";
import { keyOf, RecordIndex } from "./record-index.ts";
import type { Range } from "./scan-journal.ts";

/** Small things that are remembered beside the records of files, whole in memory. */
type Notes = {
  /** For how long uploaders have run on this folder, all in all. */
  runMs?: number;
  /** The last link of the device's chain that was made, and which chain it is. */
  chain?: { device: string; sequence: number; sha256: string };
  /** Links that the archive has not taken yet and that no file's delivery brings: statements. */
  unsent?: number[];
  /** Records of recordings that the archive has, and that are forgotten here. */
  forgotten?: number;
};

/** Who else may hold the folder, and what to do then. */
type OpenOptions = {
  disk?: StateDisk;
  monotonicMs?: () => number;
  /** Asked while another uploader has the folder: true, to wait for it. Left out: nobody waits. */
  waits?: (holder: "daemon" | "push") => Promise<boolean>;
};

/**
 * What the uploader remembers between runs: a journal with a line for each change of a file's record, receipts, and
 * signed links of the device's chain. One process writes it at a time; others may read it meanwhile.
 */
export class StateStore {
  readonly folder: string;
  readonly disk: StateDisk;
  readonly #index: RecordIndex;
  readonly #receipts: ReceiptFolder;
  readonly #notes: Notes;
  readonly #journal: Journal;
  readonly #unlock: () => Promise<void>;
  readonly #monotonicMs: () => number;
  #notesRange: Range | null;
  #isCompacting = false;
  /** A compaction that failed is not tried again with every line. */
  #compactAboveBytes = 0;
  #openedAtMs: number;
  #runMsBefore: number;

  private constructor(
    folder: string,
    disk: StateDisk,
    journal: Journal,
    found: Found,
    unlock: () => Promise<void>,
    monotonicMs: () => number,
  ) {
    this.folder = folder;
    this.disk = disk;
    this.#journal = journal;
    this.#index = found.index;
    this.#receipts = new ReceiptFolder(disk, folder);
    this.#notes = found.notes;
    this.#notesRange = found.notesRange;
    this.#unlock = unlock;
    this.#monotonicMs = monotonicMs;
    this.#openedAtMs = monotonicMs();
    this.#runMsBefore = found.notes.runMs ?? 0;
  }

  /**
   * Opens the folder for writing, making it when it is not there.
   *
   * @throws Problem "usage" when that is not possible, "busy" when another uploader has it
   */
  static async open(folder: string, options: OpenOptions = {}): Promise<StateStore> {
    const { disk = machineDisk, monotonicMs = () => performance.now(), waits } = options;
    const unlock = await lockFolder(folder, waits);
    try {
      const found = emptyFound();
      const journal = await Journal.open(disk, folder, (body, range) => take(found, body, range));
      const store = new StateStore(folder, disk, journal, found, unlock, monotonicMs);
      // On a full disk the damage stays in the file, where it is passed over.
      if (journal.damage !== null) await store.#compact().catch(() => undefined);
      await store.#migrate();
      return store;
    } catch (error) {
      await unlock();
      if (error instanceof Problem) throw error;
      throw new Problem("usage", cannotBeMade(folder, error), { cause: error });
    }
  }

  /** What opening found damaged and set aside, for people; null: nothing. */
  get damage(): string | null {
    return this.#journal.damage;
  }

  /** Why nothing can be remembered now, for people; null: it can. */
  get alarm(): string | null {
    return this.#journal.alarm;
  }

  /**
   * For how long uploaders have run on this folder, all in all, as far as it is written down: no clock that jumps, and
   * no time without power, makes it more.
   */
  get runMs(): number {
    return this.#runMsBefore + this.#monotonicMs() - this.#openedAtMs;
  }

  /** Writes down for how long uploaders have run. */
  async tick(): Promise<void> {
    await this.setNote("runMs", Math.floor(this.runMs), false);
  }

  /** Lets go of the folder. */
  async close(): Promise<void> {
    await this.tick().catch(() => undefined);
    await this.#journal.close().catch(() => undefined);
    await this.#unlock();
  }

  /** What is remembered of a file; null when nothing is. */
  async read(server: string, file: string): Promise<FileRecord | null> {
    return this.#readByKey(keyOf(server, file));
  }

  /** The phase of a file that was seen just now and is what it was, from memory; null: nothing is known of it. */
  phaseOf(server: string, file: string, identity: FileIdentity): FilePhase | null {
    return this.#index.phaseOf(keyOf(server, file), identity);
  }

  /** Whether a file is remembered as deleted, or as gone, from memory. */
  isAway(server: string, file: string): boolean {
    return this.#index.isAway(keyOf(server, file));
  }

  /**
   * Remembers a record.
   *
   * @param isDurable true: on return it survives a power cut
   * @throws Problem "again" when the disk does not take it
   */
  async write(record: FileRecord, isDurable: boolean): Promise<void> {
    const key = keyOf(record.server, record.file);
    await this.#journal.append(`{"file":${encodeRecord(record)}}`, isDurable, (range) =>
      this.#index.set(key, record, range),
    );
    await this.#compactWhenWorth();
  }

  /** Keeps a receipt; on return it survives a power cut. @throws Problem "again" when the disk does not take it */
  async keepReceipt(recording: string, jws: string): Promise<void> {
    try {
      await this.#receipts.keep(recording, jws);
    } catch (error) {
      throw this.#full(error);
    }
  }

  /** The receipt that is kept for a recording; null: none is. */
  readReceipt(recording: string): Promise<string | null> {
    return this.#receipts.read(recording);
  }

  /** Forgets a file; it may come back after a power cut. */
  async remove(record: FileRecord): Promise<void> {
    const key = keyOf(record.server, record.file);
    await this.#journal.append(JSON.stringify({ gone: key }), false, () => this.#index.delete(key));
  }

  /** Keys of files that are done with, and that no look at the folders has come by since this was asked last. */
  unseen(): string[] {
    return this.#index.unseen();
  }

  /** Keys of traces from before a running time, and of the oldest ones where there are more than so many. */
  oldTraces(beforeRunMs: number, most: number): string[] {
    return this.#index.oldTraces(beforeRunMs, most);
  }

  /** What is remembered under a key; null when nothing is. */
  readByKey(key: string): Promise<FileRecord | null> {
    return this.#readByKey(key);
  }

  /**
   * The files of these records are gone: their receipts go into packs, and of each record a trace is kept. Killed or
   * without power anywhere, it is done or it is to be done again.
   *
   * @throws Problem "again" when the disk does not take it
   */
  async leaveTraces(records: readonly FileRecord[]): Promise<void> {
    const recordings = records.flatMap(({ recording }) => recording ?? []);
    const goneAtRunMs = Math.floor(this.runMs);
    try {
      await this.#receipts.pack(recordings);
      await Promise.all(records.map((record) => this.write(traceOf(record, goneAtRunMs), true)));
      await this.#removeReceipts(records);
    } catch (error) {
      throw this.#full(error);
    }
  }

  /** Forgets traces; they may come back after a power cut. @throws Problem "again" when the disk does not take it */
  async forget(traces: readonly FileRecord[]): Promise<void> {
    // Left over by a power cut after they were packed.
    await this.#removeReceipts(traces).catch(() => undefined);
    for (const trace of traces) await this.remove(trace);
    const sealed = traces.filter(({ phase }) => phase === "sealed").length;
    if (sealed > 0) await this.setNote("forgotten", (this.#notes.forgotten ?? 0) + sealed, false);
    await this.#compactWhenWorth();
  }

  /** Every record, in no order, one at a time, so that memory does not grow with their number. */
  async *all(phases?: readonly FilePhase[]): AsyncGenerator<FileRecord> {
    for (const key of phases === undefined ? this.#index.keys() : this.#index.inPhases(phases)) {
      const record = await this.#readByKey(key);
      if (record !== null) yield record;
    }
  }

  /** Keys of the first files with a receipt from before a running time, in the order in which they are deleted. */
  ripe(beforeRunMs: number, count: number): string[] {
    return this.#index.ripe(beforeRunMs, count);
  }

  /** Lets a file's hold time count from a running time, until this process ends or its record changes. */
  holdFrom({ server, file }: FileRecord, runMs: number): void {
    this.#index.holdFrom(keyOf(server, file), runMs);
  }

  /** Keys of the first files that the archive has not got, in the order in which a full disk would lose them. */
  waiting(count: number): string[] {
    return this.#index.waiting(count);
  }

  /** Bytes of all files that are on the disk and were described, as far as is known. */
  get bytesHere(): number {
    return this.#index.bytesHere;
  }

  /** Bytes of those that the archive has not got. */
  get bytesWaiting(): number {
    return this.#index.bytesWaiting;
  }

  /** Records of sealed files whose receipt is not here yet. */
  async *lackingReceipts(): AsyncGenerator<FileRecord> {
    for (const key of this.#index.lackingReceipts()) {
      const record = await this.#readByKey(key);
      if (record !== null) yield record;
    }
  }

  /** The records of a content. */
  async findByContent(server: string, sha256: Sha256Hex): Promise<FileRecord[]> {
    const found: FileRecord[] = [];
    for (const key of this.#index.withContent(sha256)) {
      const record = await this.#readByKey(key);
      if (record?.server === server && record.sha256 === sha256) found.push(record);
    }
    return found;
  }

  /** Files and bytes by phase, from memory. */
  tally() {
    return this.#index.tally();
  }

  /** Numbers of the manifests that records name, and whether the archive has the recording for good. */
  sequences(): Map<number, { isSealed: boolean }> {
    return this.#index.sequences();
  }

  /** A small thing that is remembered. */
  note<Name extends keyof Notes>(name: Name): Notes[Name] {
    return this.#notes[name];
  }

  /** Remembers a small thing. @throws Problem "again" when the disk does not take it */
  async setNote<Name extends keyof Notes>(name: Name, value: Notes[Name], isDurable: boolean): Promise<void> {
    const before = this.#notes[name];
    this.#notes[name] = value;
    try {
      await this.#journal.append(JSON.stringify({ notes: this.#notes }), isDurable, (range) => {
        this.#notesRange = range;
      });
    } catch (error) {
      this.#notes[name] = before;
      throw error;
    }
  }

  /** Keeps other uploaders away from one file; null when one works on it. Returns how to let go. */
  lockFile(server: string, file: string): Promise<(() => Promise<void>) | null> {
    return takeLock(locksIn(this.folder), keyOf(server, file));
  }

  /** Tells others that a daemon has this folder. Returns how to let go; null when another one says so too. */
  lockDaemon(): Promise<(() => Promise<void>) | null> {
    return takeLock(locksIn(this.folder), "daemon");
  }

  /** Tries whether a disk that was full takes something again. */
  async upkeep(): Promise<void> {
    await this.#journal.restore();
  }

  // The archive has one recording, and one receipt, for all files of one content: the last of them takes it along.
  async #removeReceipts(traces: readonly FileRecord[]): Promise<void> {
    const needed = this.#index.amongHere(traces.map(({ sha256 }) => sha256));
    for (const { recording, sha256 } of traces)
      if (recording !== null && !needed.has(sha256)) await this.#receipts.remove(recording);
  }

  #full(error: unknown): Problem {
    if (error instanceof Problem) return error;
    const message = `The state folder ${this.folder} takes no more: ${messageOf(error)}.`;
    return new Problem("again", message, { cause: error });
  }

  async #readByKey(key: string): Promise<FileRecord | null> {
    try {
      const body = await this.#journal.readAt(() => this.#index.find(key));
      return body === null ? null : (readBody(body).file ?? null);
    } catch (error) {
      // A line that was whole when the journal was opened and is not now: this file is described anew.
      if (error instanceof Error && systemCode(error) === null) this.#index.delete(key);
      else throw new Problem("again", `The state cannot be read: ${messageOf(error)}.`, { cause: error });
      return null;
    }
  }

  async #compactWhenWorth(): Promise<void> {
    const { sizeBytes } = this.#journal;
    if (this.#isCompacting || sizeBytes < this.#compactAboveBytes) return;
    if (!this.#journal.isWorthCompacting(this.#index.liveBytes)) return;
    await this.#compact().catch(() => {
      this.#compactAboveBytes = sizeBytes * 1.25;
    });
  }

  async #compact(): Promise<void> {
    this.#isCompacting = true;
    try {
      await this.#journal.compact(() => {
        const keys = this.#index.keys();
        const ranges = keys.flatMap((key) => this.#index.find(key) ?? []);
        const notes = this.#notesRange;
        return {
          lines: notes === null ? ranges : [...ranges, notes],
          onMoved: (at, range) => {
            const key = keys[at];
            if (key !== undefined) this.#index.move(key, range);
            else this.#notesRange = range;
          },
        };
      });
    } finally {
      this.#isCompacting = false;
    }
  }

  // Earlier versions had a file for each record. Each goes only when all of them are in the journal durably.
  async #migrate(): Promise<void> {
    const old = join(this.folder, "files");
    const names = await readdir(old).catch(() => []);
    if (names.length === 0) return;
    let last: Promise<unknown> = Promise.resolve();
    for (const name of names) {
      if (!/^[0-9a-f]{32}\.json$/.test(name) || this.#index.find(name.slice(0, 32)) !== null) continue;
      const record = decodeOldRecord(await readFile(join(old, name), "utf8"));
      if (record === null) {
        await mkdir(join(this.folder, "damaged"), { recursive: true, mode: 0o700 });
        await rename(join(old, name), join(this.folder, "damaged", name));
      } else last = this.write(record, false);
      await last;
    }
    await this.setNote("runMs", this.#notes.runMs ?? 0, true);
    await rm(old, { recursive: true });
  }
}

/** What a state folder says to somebody who only looks: the uploader may run meanwhile, or not. */
export class StateView {
  readonly folder: string;
  readonly #file: StateFile | null;
  readonly #found: Found;

  private constructor(folder: string, file: StateFile | null, found: Found) {
    this.folder = folder;
    this.#file = file;
    this.#found = found;
  }

  /** Reads the folder as it is now. Changes nothing, and needs no lock. */
  static async open(folder: string, disk: StateDisk = machineDisk): Promise<StateView> {
    const found = emptyFound();
    const file = await Journal.read(disk, folder, (body, range) => take(found, body, range));
    return new StateView(folder, file, found);
  }

  /** Every record. */
  async *all(phases?: readonly FilePhase[]): AsyncGenerator<FileRecord> {
    const { index } = this.#found;
    for (const key of phases === undefined ? index.keys() : index.inPhases(phases)) {
      const range = index.find(key);
      if (range === null || this.#file === null) continue;
      const record = readBody(await readLineAt(this.#file, range)).file;
      if (record !== undefined) yield record;
    }
  }

  /** Files and bytes by phase. */
  tally() {
    return this.#found.index.tally();
  }

  /** For how long uploaders have run on this folder, all in all, as far as it is written down. */
  get runMs(): number {
    return this.#found.notes.runMs ?? 0;
  }

  /** Records of recordings that the archive has, and that are forgotten here. */
  get forgotten(): number {
    return this.#found.notes.forgotten ?? 0;
  }

  /** Process number of the daemon that runs on this folder; null when none does. */
  async daemonPid(): Promise<number | null> {
    return lockHolder(locksIn(this.folder), "daemon").catch(() => null);
  }

  close(): Promise<void> {
    return this.#file?.close() ?? Promise.resolve();
  }
}

type Found = { index: RecordIndex; notes: Notes; notesRange: Range | null };

function emptyFound(): Found {
  return { index: new RecordIndex(), notes: {}, notesRange: null };
}

function take(found: Found, body: string, range: Range): void {
  const { file, gone, notes } = readBody(body);
  if (file !== undefined) {
    found.index.set(keyOf(file.server, file.file), file, range);
    // Uploaders had run for at least so long when the receipt came, even where the last word on that is lost.
    found.notes.runMs = Math.max(found.notes.runMs ?? 0, file.receiptedAtRunMs ?? 0);
  }
  if (gone !== undefined) found.index.delete(gone);
  if (notes === undefined) return;
  const runMs = Math.max(found.notes.runMs ?? 0, notes.runMs ?? 0);
  Object.assign(found.notes, notes, { runMs });
  found.notesRange = range;
}

function readBody(body: string): { file?: FileRecord; gone?: string; notes?: Notes } {
  const value: unknown = JSON.parse(body);
  if (typeof value !== "object" || value === null) return {};
  if ("file" in value) {
    const file = readRecord(value.file);
    return file === null ? {} : { file };
  }
  // Written by us alone and whole by its check sum; a later version adds kinds, which an earlier one passes over.
  return value as { gone?: string; notes?: Notes };
}

function locksIn(folder: string): string {
  return join(folder, "locks");
}

function cannotBeMade(folder: string, error: unknown): string {
  return `The state folder ${folder} cannot be made: ${messageOf(error)}. Name another one with --state-dir.`;
}

async function lockFolder(folder: string, waits: OpenOptions["waits"]): Promise<() => Promise<void>> {
  const locks = locksIn(folder);
  try {
    await mkdir(locks, { recursive: true, mode: 0o700 });
  } catch (error) {
    throw new Problem("usage", cannotBeMade(folder, error), { cause: error });
  }
  const leave = await showPresence(locks);
  try {
    const unlock = await takeTurn(folder, locks, waits);
    return () => unlock().finally(leave);
  } catch (error) {
    await leave();
    throw error;
  }
}

async function takeTurn(folder: string, locks: string, waits: OpenOptions["waits"]): Promise<() => Promise<void>> {
  for (;;) {
    const unlock = await takeLock(locks, "state");
    if (unlock !== null) return unlock;
    const daemon = await lockHolder(locks, "daemon");
    if (await waits?.(daemon === null ? "push" : "daemon")) continue;
    if (daemon !== null)
      throw new Problem(
        "busy",
        `Another daemon runs on ${folder}, as process ${daemon}. Stop it, or name another folder with --state-dir.`,
      );
    throw new Problem("busy", `Another uploader works with ${folder} right now.`);
  }
}

/** True while another process sends this file. */
export async function isFileInWork(folder: string, server: string, file: string): Promise<boolean> {
  return (await lockHolder(locksIn(folder), keyOf(server, file)).catch(() => null)) !== null;
}
