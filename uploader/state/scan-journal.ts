import { systemCode } from "../problems.ts";
import type { StateFile } from "./disk.ts";
import { decodeLine, type Line, maxLineBytes } from "./journal-line.ts";

const blockBytes = 256 * 1024;
const pageBytes = 4096;

/** A part of the journal, in bytes. */
export type Range = { position: number; lengthBytes: number };

/** What reading a journal found beside its lines. */
export type Scan = {
  /** End of the last line that is whole. What is behind it was being written when the power went. */
  endPosition: number;
  /** What is not readable and stands before a line that is. */
  damaged: Range[];
  lastNumber: number;
};

/** Reads every whole line of a journal, through one buffer, and passes over what is damaged. */
export async function scanJournal(file: StateFile, onLine: (line: Line, range: Range) => void): Promise<Scan> {
  const sizeBytes = await file.sizeBytes();
  const scan: Scan = { endPosition: 0, damaged: [], lastNumber: 0 };
  let bad: Range[] = [];
  const take = (bytes: Uint8Array, position: number) => {
    const range = { position, lengthBytes: bytes.length + 1 };
    const line = decodeLine(bytes);
    // A number that does not grow is an old line under a new one: of a block that the disk put in the wrong place.
    if (line === null || line.number <= scan.lastNumber) return void bad.push(range);
    // Numbers that are missing mean lines that vanished without a trace, which is damage of no length.
    if (bad.length === 0 && scan.lastNumber > 0 && line.number > scan.lastNumber + 1)
      bad.push({ position, lengthBytes: 0 });
    scan.damaged.push(...bad);
    bad = [];
    scan.lastNumber = line.number;
    scan.endPosition = position + range.lengthBytes;
    onLine(line, range);
  };
  let rest: Buffer = Buffer.alloc(0);
  for (let position = 0; position < sizeBytes; ) {
    const block = await readBlock(file, position, Math.min(blockBytes, sizeBytes - position));
    if (block.length === 0) break;
    const bytes = rest.length === 0 ? block : Buffer.concat([rest, block]);
    const base = position - rest.length;
    position += block.length;
    let from = 0;
    for (let end = bytes.indexOf(10, from); end >= 0; end = bytes.indexOf(10, from)) {
      take(bytes.subarray(from, end), base + from);
      from = end + 1;
    }
    rest = Buffer.from(bytes.subarray(from));
    if (rest.length <= maxLineBytes) continue;
    bad.push({ position: base + from, lengthBytes: rest.length });
    rest = Buffer.alloc(0);
  }
  return scan;
}

// A page that cannot be read is taken for zeros: the lines before and behind it count.
async function readBlock(file: StateFile, position: number, lengthBytes: number): Promise<Buffer> {
  try {
    return await file.read(position, lengthBytes);
  } catch (error) {
    if (systemCode(error) !== "EIO") throw error;
    if (lengthBytes <= pageBytes) return Buffer.alloc(lengthBytes);
  }
  const pages: Buffer[] = [];
  for (let at = 0; at < lengthBytes; at += pageBytes)
    pages.push(await readBlock(file, position + at, Math.min(pageBytes, lengthBytes - at)));
  return Buffer.concat(pages);
}
