import { closeSync, fstatSync, fsyncSync, mkdirSync, openSync, readSync, renameSync, writeSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { redact } from "./redact.ts";

/** Both halves together. */
export const defaultLogBytes = 4 * 1024 * 1024;
/** A line longer than this is cut; no line of ours is. */
const maxLineChars = 16 * 1024;
/** The newest lines may be lost with the power, those older than this are not. */
const syncAfterMs = 5000;

/**
 * The log on the device's disk: two files in `log/` of the state folder, of which the older is dropped when the newer is
 * half the limit long. It survives a reboot, and never takes more than its limit.
 */
export class LogRing {
  readonly #folder: string;
  readonly #halfBytes: number;
  readonly #nowMs: () => number;
  #file: number | null = null;
  #sizeBytes = 0;
  #syncedAtMs: number;

  constructor(stateFolder: string, limitBytes = defaultLogBytes, nowMs: () => number = () => performance.now()) {
    this.#folder = folderIn(stateFolder);
    this.#halfBytes = Math.floor(limitBytes / 2);
    this.#nowMs = nowMs;
    this.#syncedAtMs = nowMs();
  }

  /** Adds a line, without its secrets. A disk that takes no more costs the line, never the work. */
  add(line: string): void {
    const clean = redact(line).replaceAll("\n", " ");
    const bytes = Buffer.from(`${clean.length > maxLineChars ? `${clean.slice(0, maxLineChars)}…` : clean}\n`);
    try {
      if (this.#file !== null && this.#sizeBytes > 0 && this.#sizeBytes + bytes.length > this.#halfBytes) this.#turn();
      const file = this.#open();
      writeSync(file, bytes);
      this.#sizeBytes += bytes.length;
      if (this.#nowMs() - this.#syncedAtMs < syncAfterMs) return;
      this.#syncedAtMs = this.#nowMs();
      fsyncSync(file);
    } catch {
      this.close();
    }
  }

  /** Gives the file back; the next line opens it anew. */
  close(): void {
    if (this.#file === null) return;
    try {
      closeSync(this.#file);
    } catch {
      // It was not open any more.
    }
    this.#file = null;
  }

  #open(): number {
    if (this.#file !== null) return this.#file;
    mkdirSync(this.#folder, { recursive: true, mode: 0o700 });
    this.#file = openSync(join(this.#folder, newerName), "a+", 0o600);
    this.#sizeBytes = fstatSync(this.#file).size;
    // A power cut may have halved the last line; the next one begins on its own.
    const last = Buffer.from("\n");
    if (this.#sizeBytes > 0) readSync(this.#file, last, 0, 1, this.#sizeBytes - 1);
    if (last.toString() !== "\n") this.#sizeBytes += writeSync(this.#file, "\n");
    if (this.#sizeBytes > this.#halfBytes) this.#turn();
    return this.#file ?? this.#open();
  }

  #turn(): void {
    this.close();
    renameSync(join(this.#folder, newerName), join(this.#folder, olderName));
    this.#sizeBytes = 0;
  }
}

const newerName = "uploader.jsonl";
const olderName = "uploader.1.jsonl";

function folderIn(stateFolder: string): string {
  return join(stateFolder, "log");
}

/** Every whole line that is kept, oldest first; of one that was cut off nothing. */
export async function readLog(stateFolder: string): Promise<string[]> {
  const folder = folderIn(stateFolder);
  const texts = await Promise.all(
    [olderName, newerName].map((name) => readFile(join(folder, name), "utf8").catch(() => "")),
  );
  return texts.flatMap((text) => text.split("\n").slice(0, -1)).filter((line) => /^\{.*\}$/.test(line));
}
