import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Random } from "./random.ts";

const folder = join(import.meta.dirname, "../../samples/catalogue");

/** A clip that one kind of camera could have made. */
export type Clip = { durationMs: number; bytes: Buffer };

function clip(name: string, seconds: number): Clip {
  return { durationMs: seconds * 1000, bytes: readFileSync(join(folder, `${name}-${seconds}.mp4`)) };
}

/** Clips by the view that they show. */
export function loadClips() {
  return {
    cabin: [clip("cabin", 254), clip("cabin", 318)],
    rear: [clip("rear", 377), clip("rear", 205)],
    gate: [clip("gate", 300)],
    lobby: [clip("lobby", 180)],
  } as const satisfies Record<string, readonly [Clip, ...Clip[]]>;
}

/**
 * The clip with one `free` box behind it (ISO/IEC 14496-12, 8.1.2): it plays the same, and its bytes and digest
 * are its own, as those of every real recording are.
 */
export function uniqueFile(clipBytes: Buffer, paddingBytes: number, random: Random): Buffer {
  const box = Buffer.alloc(8 + paddingBytes);
  box.writeUInt32BE(box.length, 0);
  box.write("free", 4, "latin1");
  box.set(random.bytes(Math.min(paddingBytes, 64)), 8);
  for (let filled = 64; filled < paddingBytes; filled *= 2)
    box.copy(box, 8 + filled, 8, 8 + Math.min(filled, paddingBytes - filled));
  return Buffer.concat([clipBytes, box]);
}
