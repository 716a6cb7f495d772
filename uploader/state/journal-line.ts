import { crc32c } from "./crc32c.ts";

/** Longest body of a line: what its length has digits for, and room for 140,000 statements that wait. */
const maxBodyBytes = 999_999;
/** Longest line that is read; a longer one is damage. */
export const maxLineBytes = maxBodyBytes + 64;

/** What a line says. */
export type Line = { number: number; body: string };

/** Whether a body is short enough to be read back. */
export function fitsLine(body: string): boolean {
  return Buffer.byteLength(body) <= maxBodyBytes;
}

/**
 * One record as a line: CRC-32C in eight hexadecimal digits, length of the body in bytes, number of the record, body.
 * The body is JSON, which has no line feed of its own, so that reading finds its feet again behind damage.
 */
export function encodeLine(number: number, body: string): Buffer {
  const counted = Buffer.from(`${Buffer.byteLength(body)} ${number} ${body}`);
  return Buffer.concat([Buffer.from(`${crc32c(counted).toString(16).padStart(8, "0")} `), counted, Buffer.from("\n")]);
}

/** Reads a line without its line feed; null when it is damaged. */
export function decodeLine(line: Uint8Array): Line | null {
  const text = Buffer.from(line.buffer, line.byteOffset, line.byteLength);
  const head = /^([0-9a-f]{8}) (\d{1,6}) (\d{1,15}) /.exec(text.toString("latin1", 0, 40));
  if (head === null) return null;
  const [whole, crc = "", lengthBytes, number] = head;
  if (text.length - whole.length !== Number(lengthBytes)) return null;
  if (crc32c(text.subarray(9)) !== Number.parseInt(crc, 16)) return null;
  return { number: Number(number), body: text.toString("utf8", whole.length) };
}
