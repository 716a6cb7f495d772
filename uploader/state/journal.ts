import { messageOf, Problem, systemCode } from "../problems.ts";
import type { StateDisk, StateFile } from "./disk.ts";
import { decodeLine, encodeLine, fitsLine } from "./journal-line.ts";
import { Reserve } from "./reserve.ts";
import { type Range, scanJournal } from "./scan-journal.ts";

const fileName = "journal";
/** Lines that may wait for a sync that somebody needs. */
const maxUnsyncedBytes = 256 * 1024;
/** A medium that goes bad damages the journal with every start. */
const maxSetAside = 20;
/** A journal below this is not worth rewriting. */
const minCompactBytes = 256 * 1024;

type Waiting = {
  body: string;
  isDurable: boolean;
  onWritten: (range: Range) => void;
  resolve: () => void;
  reject: (error: unknown) => void;
};
type Unsynced = { bytes: Buffer; position: number };

/** What is called for each line that is in the journal when it is opened. */
export type OnLine = (body: string, range: Range) => void;

/**
 * An append-only file of lines. A line that was appended durably is there after a power cut; several that are asked
 * for at the same time share one sync. Nothing here is worth more than a cache: what is damaged is set aside, and the
 * lines around it count.
 */
export class Journal {
  readonly #disk: StateDisk;
  readonly #folder: string;
  readonly #reserve: Reserve;
  #file: StateFile;
  #nextNumber: number;
  #endPosition: number;
  /** Written since the last sync; what a sync that failed may have thrown away. */
  #unsynced: Unsynced[] = [];
  #unsyncedBytes = 0;
  #waiting: Waiting[] = [];
  /** What changes the file, one after the other. */
  #working: Promise<void> = Promise.resolve();
  #isFlushing = false;
  #isBroken = false;
  /** Why nothing can be written, for people; null: it can. */
  alarm: string | null = null;
  /** A rename whose folder could not be synced: nothing after it is durable before it is. */
  #owesFolderSync = false;
  /** What opening found damaged, for people; null: nothing. It stays in the file until that is compacted. */
  readonly damage: string | null;

  private constructor(
    disk: StateDisk,
    folder: string,
    file: StateFile,
    found: { next: number; end: number; damage: string | null },
  ) {
    this.#disk = disk;
    this.#folder = folder;
    this.#reserve = new Reserve(disk, folder);
    this.#file = file;
    this.#nextNumber = found.next;
    this.#endPosition = found.end;
    this.damage = found.damage;
  }

  /**
   * Opens the journal of a folder for writing: cuts off a torn tail, sets damage aside. One process at a time.
   *
   * @throws what the disk throws
   */
  static async open(disk: StateDisk, folder: string, onLine: OnLine): Promise<Journal> {
    await disk.makeFolder(folder);
    await disk.remove(`${folder}/${fileName}.new`);
    const file = await disk.open(`${folder}/${fileName}`, "append");
    await disk.syncFolder(folder);
    const scan = await scanJournal(file, ({ body }, range) => onLine(body, range));
    const damage = scan.damaged.length > 0 ? await sayDamage(disk, folder, file, scan.damaged) : null;
    if ((await file.sizeBytes()) > scan.endPosition) {
      await file.truncate(scan.endPosition);
      await file.sync();
    }
    const journal = new Journal(disk, folder, file, { next: scan.lastNumber + 1, end: scan.endPosition, damage });
    await journal.#reserve.take();
    return journal;
  }

  /** Reads the journal of a folder that another process may be writing, and changes nothing. */
  static async read(disk: StateDisk, folder: string, onLine: OnLine): Promise<StateFile | null> {
    let file: StateFile;
    try {
      file = await disk.open(`${folder}/${fileName}`, "read");
    } catch (error) {
      if (systemCode(error) === "ENOENT") return null;
      throw error;
    }
    await scanJournal(file, ({ body }, range) => onLine(body, range));
    return file;
  }

  /** Bytes in the file. */
  get sizeBytes(): number {
    return this.#endPosition;
  }

  /**
   * Appends a line.
   *
   * @param isDurable true: on return it survives a power cut
   * @param onWritten told where it is, before anything can move it
   * @throws Problem "again" when the disk does not take it; then it is not there
   */
  append(body: string, isDurable: boolean, onWritten: (range: Range) => void): Promise<void> {
    return new Promise((resolve, reject) => {
      // By itself: the lines beside it are to be written, and the disk is not full.
      if (!fitsLine(body))
        return reject(new Problem("again", `A line of ${body.length} characters is too long to keep.`));
      this.#waiting.push({ body, isDurable, onWritten, resolve, reject });
      if (this.#isFlushing) return;
      this.#isFlushing = true;
      void this.#exclusively(() => this.#flush());
    });
  }

  /**
   * Reads a line back.
   *
   * @param find asked when no compaction is moving lines; null: there is no such line any more
   */
  async readAt(find: () => Range | null): Promise<string | null> {
    for (let waited: Promise<void> | null = null; waited !== this.#working; ) {
      waited = this.#working;
      await waited;
    }
    const range = find();
    return range === null ? null : readLineAt(this.#file, range);
  }

  /** Whether so many bytes of lines that count make rewriting the file worth its cost. */
  isWorthCompacting(liveBytes: number): boolean {
    return this.#endPosition > minCompactBytes && this.#endPosition > liveBytes * 2;
  }

  /**
   * Rewrites the file with these lines alone: write a new one, sync it, rename it, sync the folder. Killed anywhere,
   * there is the old one or the new one.
   *
   * @param choose asked when nothing is being appended: which lines count, and whom to tell where they are then
   */
  compact(choose: () => { lines: readonly Range[]; onMoved: (index: number, range: Range) => void }): Promise<void> {
    return this.#exclusively(async () => {
      const { lines, onMoved } = choose();
      const path = `${this.#folder}/${fileName}`;
      const next = await this.#disk.open(`${path}.new`, "create");
      const moved: Range[] = [];
      let position = 0;
      let number = this.#nextNumber;
      try {
        let batch: Buffer[] = [];
        let batchBytes = 0;
        const writeBatch = async () => {
          if (batch.length > 0) await next.write(Buffer.concat(batch), position - batchBytes);
          batch = [];
          batchBytes = 0;
        };
        for (const range of lines) {
          const bytes = encodeLine(number, await readLineAt(this.#file, range));
          moved.push({ position, lengthBytes: bytes.length });
          batch.push(bytes);
          batchBytes += bytes.length;
          position += bytes.length;
          number += 1;
          if (batchBytes > maxUnsyncedBytes) await writeBatch();
        }
        await writeBatch();
        await next.sync();
        await this.#disk.rename(`${path}.new`, path);
      } catch (error) {
        await next.close().catch(() => undefined);
        await this.#disk.remove(`${path}.new`).catch(() => undefined);
        throw this.#problem(error);
      }
      const old = this.#file;
      this.#file = next;
      this.#nextNumber = number;
      this.#endPosition = position;
      this.#unsynced = [];
      this.#unsyncedBytes = 0;
      this.#isBroken = false;
      moved.forEach((range, index) => void onMoved(index, range));
      await old.close().catch(() => undefined);
      this.#owesFolderSync = true;
      await this.#syncFolder().catch((error: unknown) => {
        throw this.#problem(error);
      });
    });
  }

  /** Tries whether the disk takes something again, and takes the reserve anew. Clears the alarm when it does. */
  async restore(): Promise<void> {
    if (this.alarm === null) return;
    await this.#exclusively(async () => {
      if (!(await this.#reserve.take())) return;
      await this.#repair();
      this.alarm = null;
    }).catch(() => undefined);
  }

  /** Writes what is left and closes the file. */
  async close(): Promise<void> {
    await this.#working;
    await this.#file.sync().catch(() => undefined);
    await this.#file.close();
  }

  #exclusively(act: () => Promise<void>): Promise<void> {
    const done = this.#working.then(act);
    this.#working = done.catch(() => undefined);
    return done;
  }

  async #flush(): Promise<void> {
    while (this.#waiting.length > 0) {
      const batch = this.#waiting;
      this.#waiting = [];
      try {
        const ranges = await this.#write(batch).catch(async (error: unknown) => {
          this.#isBroken = true;
          if (systemCode(error) !== "ENOSPC" || !(await this.#reserve.release())) throw error;
          this.alarm = "The disk of the state folder is full; the last reserve is in use.";
          return this.#write(batch);
        });
        batch.forEach(({ onWritten, resolve }, index) => {
          onWritten(ranges[index] ?? { position: 0, lengthBytes: 0 });
          resolve();
        });
      } catch (error) {
        this.#isBroken = true;
        const problem = this.#problem(error);
        for (const { reject } of batch) reject(problem);
      }
    }
    this.#isFlushing = false;
  }

  async #write(batch: readonly Waiting[]): Promise<Range[]> {
    if (this.#isBroken) await this.#repair();
    let number = this.#nextNumber;
    let position = this.#endPosition;
    const ranges: Range[] = [];
    const lines = batch.map(({ body }) => {
      const bytes = encodeLine(number, body);
      ranges.push({ position, lengthBytes: bytes.length });
      number += 1;
      position += bytes.length;
      return bytes;
    });
    const bytes = Buffer.concat(lines);
    await this.#file.write(bytes, this.#endPosition);
    const isDurable = batch.some((line) => line.isDurable) || this.#unsyncedBytes + bytes.length > maxUnsyncedBytes;
    if (isDurable) {
      await this.#syncFolder();
      await this.#file.sync();
      this.#unsynced = [];
      this.#unsyncedBytes = 0;
    } else {
      this.#unsynced.push({ bytes, position: this.#endPosition });
      this.#unsyncedBytes += bytes.length;
    }
    this.#nextNumber = number;
    this.#endPosition = position;
    return ranges;
  }

  // After a failure nobody knows what is behind the last sync: Linux forgets pages that it could not write, and says
  // so once. So the tail is cut off and written anew.
  async #repair(): Promise<void> {
    await this.#file.truncate(this.#unsynced[0]?.position ?? this.#endPosition);
    for (const { bytes, position } of this.#unsynced) await this.#file.write(bytes, position);
    await this.#file.sync();
    this.#unsynced = [];
    this.#unsyncedBytes = 0;
    this.#isBroken = false;
  }

  async #syncFolder(): Promise<void> {
    if (!this.#owesFolderSync) return;
    await this.#disk.syncFolder(this.#folder);
    this.#owesFolderSync = false;
  }

  #problem(error: unknown): Problem {
    if (error instanceof Problem) return error;
    const message = `The state folder ${this.#folder} takes no more: ${messageOf(error)}.`;
    this.alarm = message;
    return new Problem("again", message, { cause: error });
  }
}

/** Reads a line that is known to be somewhere. @throws Error when it is not what was written */
export async function readLineAt(file: StateFile, { position, lengthBytes }: Range): Promise<string> {
  const bytes = await file.read(position, lengthBytes);
  const line = decodeLine(bytes.subarray(0, -1));
  if (line === null) throw new Error(`The journal's line at ${position} is damaged.`);
  return line.body;
}

// A disk that is full as well must not keep the uploader from starting: what it sends makes room. @returns a sentence
async function sayDamage(disk: StateDisk, folder: string, file: StateFile, damaged: readonly Range[]): Promise<string> {
  const lost = damaged.reduce((sum, { lengthBytes }) => sum + lengthBytes, 0);
  const kept = await setAside(disk, folder, file, damaged).then(
    (name) => `are set aside in damaged/${name}`,
    (error: unknown) => `cannot be set aside: ${messageOf(error)}`,
  );
  return `The journal was damaged in ${damaged.length} places; ${lost} bytes ${kept}.`;
}

// The bytes that cannot be read, for whoever wants to know what happened. @returns the file's name
async function setAside(disk: StateDisk, folder: string, file: StateFile, damaged: readonly Range[]): Promise<string> {
  const name = `journal.${Date.now()}.${damaged[0]?.position ?? 0}`;
  await disk.makeFolder(`${folder}/damaged`);
  const copy = await disk.open(`${folder}/damaged/${name}`, "create");
  try {
    let at = 0;
    for (const { position, lengthBytes } of damaged) {
      const bytes = await file.read(position, lengthBytes).catch(() => Buffer.from("(cannot be read)\n"));
      await copy.write(bytes, at);
      at += bytes.length;
    }
  } finally {
    await copy.close();
  }
  const earlier = (await disk.list(`${folder}/damaged`)).filter(
    (other) => /^journal\.\d/.test(other) && other !== name,
  );
  for (const oldest of earlier.sort().slice(0, 1 - maxSetAside)) await disk.remove(`${folder}/damaged/${oldest}`);
  return name;
}
