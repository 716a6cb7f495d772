import { createHash } from "node:crypto";
import type { Sha256Hex } from "../../lib/protocol/index.ts";
import type { FileIdentity } from "../file-identity.ts";
import { Heap, type Placed } from "../heap.ts";
import { type FilePhase, type FileRecord, filePhases } from "./file-record.ts";
import type { Range } from "./scan-journal.ts";

/**
 * Where a record is, and as much of it as is asked for all the time: some numbers. With ten thousand files queued, or
 * a hundred thousand sealed, the records themselves stay on the disk.
 */
class Slot implements Range, Placed<Slot> {
  readonly key: string;
  position: number;
  lengthBytes: number;
  sizeBytes: number;
  /** Number in the list of phases. */
  phase: number;
  /** 48 bits of the content's SHA-256: tells who need not be asked. */
  content: number;
  /** 48 bits over the file's identity. */
  identity: number;
  /** Of its manifest; 0: none. */
  sequence: number;
  /** Its receipt is kept, and the local file was not deleted yet. */
  isReceipted: boolean;
  /** The local file was gone when it was to be deleted, or was deleted. */
  isDeleted: boolean;
  /** Sealed, and its receipt is not here yet. */
  lacksReceipt: boolean;
  /** For how long the uploader had run when the file was found to be gone; -1: it is there. */
  goneAtRunMs: number;
  /** A look at the folders came by it since the last time that this was asked. */
  isSeen = false;

  /** Of the file; the oldest is deleted first. */
  modifiedMs: number;
  /** Deleted last. */
  isEvent: boolean;
  /** Its hold time counts from here: when its receipt was kept, in running time, or later; -1: there is none. */
  heldFromRunMs: number;
  heap: Heap<Slot> | null = null;
  place = 0;

  constructor(key: string, range: Range, record: FileRecord) {
    this.key = key;
    this.position = range.position;
    this.lengthBytes = range.lengthBytes;
    this.sizeBytes = record.identity.sizeBytes;
    this.phase = filePhases.indexOf(record.phase);
    this.content = contentNumber(record.sha256);
    this.identity = identityNumber(record.identity);
    this.sequence = record.sequence ?? 0;
    this.isDeleted = record.isDeleted;
    const isHere = !record.isDeleted && record.goneAtRunMs === null;
    this.isReceipted = record.receiptedAtRunMs !== null && isHere;
    this.lacksReceipt = record.phase === "sealed" && record.receiptedAtRunMs === null && isHere;
    this.goneAtRunMs = record.goneAtRunMs ?? -1;
    this.modifiedMs = record.identity.modifiedMs;
    this.isEvent = record.class !== "bulk";
    this.heldFromRunMs = record.receiptedAtRunMs ?? -1;
  }

  /** Bytes that the file takes on the disk, as far as is known. */
  get bytesHere(): number {
    return this.isDeleted || this.goneAtRunMs >= 0 || this.phase === gone ? 0 : this.sizeBytes;
  }
}

const gone = filePhases.indexOf("gone");
const sealed = filePhases.indexOf("sealed");
const waitingPhases: ReadonlySet<number> = new Set(
  (["described", "sending"] as const).map((phase) => filePhases.indexOf(phase)),
);

/** Phases after which nothing more is done for a file. */
const endPhases: ReadonlySet<number> = new Set(
  (["sealed", "quarantined", "refused", "gone"] as const).map((phase) => filePhases.indexOf(phase)),
);

/** The name under which a file and server are remembered. */
export function keyOf(server: string, file: string): string {
  // Not a slice of the longer text, which would stay in memory with it.
  return createHash("sha256").update(`${server}\n${file}`).digest().toString("hex", 0, 16);
}

/** All that is held in memory of what is remembered. */
export class RecordIndex {
  readonly #slots = new Map<string, Slot>();
  #liveBytes = 0;
  #bytesHere = 0;
  #bytesWaiting = 0;
  /** Sealed files with their receipts, by when those came: they are held for a while. */
  readonly #held = new Heap<Slot>((a, b) => a.heldFromRunMs < b.heldFromRunMs);
  /** Those that were held long enough, in the order in which they are deleted. */
  readonly #ripe = new Heap<Slot>(isSooner);
  /** Files that the archive has not got, in the order in which a full disk would lose them. */
  readonly #waiting = new Heap<Slot>(isSooner);

  set(key: string, record: FileRecord, range: Range): void {
    this.delete(key);
    const slot = new Slot(key, range, record);
    this.#slots.set(key, slot);
    this.#liveBytes += range.lengthBytes;
    this.#bytesHere += slot.bytesHere;
    if (slot.isReceipted && slot.phase === sealed) this.#held.put(slot);
    if (!waitingPhases.has(slot.phase)) return;
    this.#waiting.put(slot);
    this.#bytesWaiting += slot.sizeBytes;
  }

  delete(key: string): void {
    const slot = this.#slots.get(key);
    if (slot === undefined) return;
    this.#liveBytes -= slot.lengthBytes;
    this.#bytesHere -= slot.bytesHere;
    if (slot.heap === this.#waiting) this.#bytesWaiting -= slot.sizeBytes;
    slot.heap?.remove(slot);
    this.#slots.delete(key);
  }

  /** Bytes of all files that are on the disk, as far as is known. */
  get bytesHere(): number {
    return this.#bytesHere;
  }

  /** Bytes of those that the archive has not got. */
  get bytesWaiting(): number {
    return this.#bytesWaiting;
  }

  /** Keys of the first files with a receipt from before a running time, in the order in which they are deleted. */
  ripe(beforeRunMs: number, count: number): string[] {
    for (let { first } = this.#held; first !== null && first.heldFromRunMs <= beforeRunMs; first = this.#held.first)
      moveTo(this.#ripe, first);
    for (;;) {
      const first = this.#ripe.few(count);
      const early = first.filter(({ heldFromRunMs }) => heldFromRunMs > beforeRunMs);
      if (early.length === 0) return first.map(({ key }) => key);
      // They are to be held for longer than when they were moved here.
      for (const slot of early) moveTo(this.#held, slot);
    }
  }

  /** Holds a file for longer, until this process ends or its record changes. */
  holdFrom(key: string, runMs: number): void {
    const slot = this.#slots.get(key);
    if (slot === undefined || (slot.heap !== this.#held && slot.heap !== this.#ripe)) return;
    slot.heap.remove(slot);
    slot.heldFromRunMs = runMs;
    this.#held.put(slot);
  }

  /** Keys of the first files that the archive has not got, in the order in which a full disk would lose them. */
  waiting(count: number): string[] {
    return this.#waiting.few(count).map(({ key }) => key);
  }

  /** Where the record is; null: there is none. */
  find(key: string): Range | null {
    return this.#slots.get(key) ?? null;
  }

  /** The line was moved. */
  move(key: string, range: Range): void {
    const slot = this.#slots.get(key);
    if (slot === undefined) return;
    this.#liveBytes += range.lengthBytes - slot.lengthBytes;
    slot.position = range.position;
    slot.lengthBytes = range.lengthBytes;
  }

  /** The phase of a file that is still what it was; null: nothing is known of it, or it is another one now. */
  phaseOf(key: string, identity: FileIdentity): FilePhase | null {
    const slot = this.#slots.get(key);
    if (slot === undefined || slot.identity !== identityNumber(identity)) return null;
    slot.isSeen = true;
    return filePhases[slot.phase] ?? null;
  }

  /** Whether the file is remembered as deleted, or as gone. */
  isAway(key: string): boolean {
    const slot = this.#slots.get(key);
    return slot !== undefined && (slot.isDeleted || slot.goneAtRunMs >= 0);
  }

  /** Keys of files that are done with, and that no look at the folders has come by since this was asked last. */
  unseen(): string[] {
    const found: string[] = [];
    for (const [key, slot] of this.#slots) {
      if (slot.goneAtRunMs < 0 && !slot.isSeen && endPhases.has(slot.phase)) found.push(key);
      slot.isSeen = false;
    }
    return found;
  }

  /** Keys of traces that began before a time, and of the oldest ones where there are more than so many. */
  oldTraces(beforeRunMs: number, most: number): string[] {
    const traces: { key: string; goneAtRunMs: number }[] = [];
    for (const [key, { goneAtRunMs }] of this.#slots) if (goneAtRunMs >= 0) traces.push({ key, goneAtRunMs });
    traces.sort((a, b) => a.goneAtRunMs - b.goneAtRunMs);
    return traces
      .filter(({ goneAtRunMs }, at) => goneAtRunMs <= beforeRunMs || at < traces.length - most)
      .map(({ key }) => key);
  }

  /** Of these contents, those that a file has which is not known to be gone. */
  amongHere(contents: readonly Sha256Hex[]): Set<Sha256Hex> {
    const byNumber = new Map(contents.map((sha256) => [contentNumber(sha256), sha256]));
    const here = new Set<Sha256Hex>();
    for (const { content, goneAtRunMs } of this.#slots.values()) {
      const sha256 = goneAtRunMs < 0 ? byNumber.get(content) : undefined;
      if (sha256 !== undefined) here.add(sha256);
    }
    return here;
  }

  /** Keys whose content may be this one, and hardly any others. */
  withContent(sha256: Sha256Hex): string[] {
    const content = contentNumber(sha256);
    return this.#keys((slot) => slot.content === content);
  }

  /** Keys of records in one of these phases. */
  inPhases(phases: readonly FilePhase[]): string[] {
    const numbers = new Set(phases.map((phase) => filePhases.indexOf(phase)));
    return this.#keys((slot) => numbers.has(slot.phase));
  }

  /** Files and bytes by phase. */
  tally(): Record<FilePhase, { files: number; bytes: number }> {
    const tallies = filePhases.map((phase): [FilePhase, { files: number; bytes: number }] => [
      phase,
      { files: 0, bytes: 0 },
    ]);
    for (const { phase, sizeBytes } of this.#slots.values()) {
      const tally = tallies[phase]?.[1];
      if (tally === undefined) continue;
      tally.files += 1;
      tally.bytes += sizeBytes;
    }
    return Object.fromEntries(tallies) as Record<FilePhase, { files: number; bytes: number }>; // made from every phase
  }

  /** Keys of sealed files whose receipt is not here yet. */
  lackingReceipts(): string[] {
    return this.#keys((slot) => slot.lacksReceipt);
  }

  /** Numbers of the manifests that records name, and whether the archive has the recording for good. */
  sequences(): Map<number, { isSealed: boolean }> {
    const found = new Map<number, { isSealed: boolean }>();
    for (const { sequence, phase } of this.#slots.values())
      if (sequence > 0) found.set(sequence, { isSealed: phase === sealed });
    return found;
  }

  keys(): string[] {
    return [...this.#slots.keys()];
  }

  /** Bytes of the lines that count. */
  get liveBytes(): number {
    return this.#liveBytes;
  }

  #keys(isWanted: (slot: Slot) => boolean): string[] {
    const found: string[] = [];
    for (const [key, slot] of this.#slots) if (isWanted(slot)) found.push(key);
    return found;
  }
}

function isSooner(a: Slot, b: Slot): boolean {
  return a.isEvent === b.isEvent ? a.modifiedMs < b.modifiedMs : b.isEvent;
}

function moveTo(heap: Heap<Slot>, slot: Slot): void {
  slot.heap?.remove(slot);
  heap.put(slot);
}

function contentNumber(sha256: string): number {
  return Number.parseInt(sha256.slice(0, 12), 16);
}

function identityNumber({ sizeBytes, modifiedMs, changedMs, inode }: FileIdentity): number {
  const digest = createHash("sha256").update(`${sizeBytes} ${modifiedMs} ${changedMs} ${inode}`).digest();
  return digest.readUIntBE(0, 6);
}
