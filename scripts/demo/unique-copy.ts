import { randomBytes } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { extname } from "node:path";

// Filler that every player skips, with random content: the copy plays the same and has a digest of its own.
const fillers: Record<string, () => Buffer> = {
  // A `free` box (ISO/IEC 14496-12, 8.1.2): length, type, anything.
  ".mp4": () => Buffer.concat([Buffer.from([0, 0, 0, 32]), Buffer.from("free"), randomBytes(24)]),
  // An EBML Void element (RFC 8794, 11.3.2): id 0xEC, one-octet size, anything.
  ".mkv": () => Buffer.concat([Buffer.from([0xec, 0x80 | 24]), randomBytes(24)]),
  // A null packet (ISO/IEC 13818-1, 2.4.3.3): sync byte, PID 0x1FFF, payload only, anything.
  ".ts": () => Buffer.concat([Buffer.from([0x47, 0x1f, 0xff, 0x10]), randomBytes(184)]),
};

/** Copies a sample video so that the copy is a recording of its own; the story can be played again and again. */
export function copyAsNewRecording(sample: string, target: string): void {
  const filler = fillers[extname(sample)];
  if (filler === undefined) throw new Error(`No filler is known for ${sample}.`);
  writeFileSync(target, Buffer.concat([readFileSync(sample), filler()]));
}
