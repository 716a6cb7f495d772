import { readFile } from "node:fs/promises";
import { join } from "node:path";

/** A finished file of a run, with its place in the stream. */
export type ListedSegment = { name: string; startMs: number; endMs: number };

/** Reads what ffmpeg lists in a run's folder; each line once. */
export class SegmentCsv {
  readonly #path: string;
  #readBytes = 0;

  constructor(folder: string) {
    this.#path = join(folder, "list.csv");
  }

  /** Lines that have come since the last time. */
  async read(): Promise<ListedSegment[]> {
    const content = await readFile(this.#path).catch(() => Buffer.alloc(0));
    const end = content.lastIndexOf(0x0a) + 1;
    const lines = content.toString("utf8", Math.min(this.#readBytes, end), end).split("\n");
    this.#readBytes = end;
    return lines.flatMap((line) => {
      const match = /^(\d{6,}\.\w+),(-?[\d.]+),(-?[\d.]+)$/.exec(line);
      if (match === null) return [];
      return [{ name: match[1] ?? "", startMs: milliseconds(match[2]), endMs: milliseconds(match[3]) }];
    });
  }
}

function milliseconds(seconds: string | undefined): number {
  return Math.max(Math.round(Number(seconds) * 1000), 0);
}
