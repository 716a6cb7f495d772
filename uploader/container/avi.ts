import { type ContainerFacts, plainFacts, type RangeReader } from "./facts.ts";

/** Whether these are the first bytes of an AVI file. */
export function isAvi(head: Buffer): boolean {
  return head.toString("latin1", 0, 4) === "RIFF" && head.toString("latin1", 8, 12) === "AVI ";
}

/**
 * Walks the RIFF chunks of an AVI file: one, and in files of more than 1 GB more of them (OpenDML). A recorder writes
 * their sizes at the end, so 0 means that it never came there.
 */
export async function readAviFacts(file: RangeReader): Promise<ContainerFacts> {
  const mediaType = "video/x-msvideo";
  let position = 0;
  while (position < file.sizeBytes) {
    const header = await file.read(position, 12);
    const type = header.toString("latin1", 0, 4);
    if (header.length < 8 || (type !== "RIFF" && type !== "JUNK" && type !== "idx1"))
      return plainFacts(mediaType, `no RIFF chunk at byte ${position}`);
    const size = header.readUInt32LE(4);
    if (type === "RIFF" && size === 0) return plainFacts(mediaType, "a RIFF chunk has no size; it was not finished");
    // Chunks begin at even bytes.
    position += 8 + size + (size & 1);
    if (position > file.sizeBytes + (size & 1))
      return plainFacts(mediaType, "a RIFF chunk ends beyond the end of the file");
  }
  return plainFacts(mediaType, null);
}
