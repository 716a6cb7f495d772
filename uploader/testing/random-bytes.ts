import { seededRandom } from "../../e2e/support/proxy.ts";

/** Random bytes that depend on the seed alone. */
export function randomBytes(sizeBytes: number, seed: number): Buffer {
  const random = seededRandom(seed);
  const words = new Uint32Array(Math.ceil(sizeBytes / 4));
  for (let i = 0; i < words.length; i++) words[i] = random() * 4294967296;
  return Buffer.from(words.buffer, 0, sizeBytes);
}
