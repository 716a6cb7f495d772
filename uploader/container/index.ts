import { type ContainerFacts, plainFacts, type RangeReader } from "./facts.ts";
import { readMatroskaFacts } from "./matroska.ts";
import { readMp4Facts } from "./mp4.ts";

export type { ContainerFacts, RangeReader } from "./facts.ts";

const firstMp4Boxes = new Set(["ftyp", "moov", "mdat", "wide", "free", "skip", "styp"]);

/** Looks into a file's container: which format it is and whether it reaches its end. Reads headers, not media. */
export async function readContainerFacts(file: RangeReader): Promise<ContainerFacts> {
  const head = await file.read(0, 1024);
  if (head.length >= 12 && firstMp4Boxes.has(head.toString("latin1", 4, 8))) {
    const isQuickTime = head.toString("latin1", 4, 12) === "ftypqt  ";
    return readMp4Facts(file, isQuickTime ? "video/quicktime" : "video/mp4");
  }
  if (head.length >= 4 && head.readUInt32BE(0) === 0x1a45dfa3) return readMatroskaFacts(file);
  // ISO/IEC 13818-1, 2.4.3.2: packets of 188 bytes that begin with 0x47; Blu-ray puts a time of 4 bytes before each.
  if (isTransportStream(head, 0, 188)) return readTransportFacts(file, 0, 188);
  if (isTransportStream(head, 4, 192)) return readTransportFacts(file, 4, 192);
  if (head.toString("latin1", 0, 4) === "RIFF" && head.toString("latin1", 8, 12) === "AVI ")
    // Only the first RIFF chunk has its size here; larger files have more of them behind.
    return plainFacts(
      "video/x-msvideo",
      8 + head.readUInt32LE(4) > file.sizeBytes ? "the first RIFF chunk ends beyond the end of the file" : null,
    );
  return { mediaType: "application/octet-stream", isComplete: null, missing: null, createdAt: null, durationMs: null };
}

function isTransportStream(head: Buffer, first: number, packetBytes: number): boolean {
  return [0, 1, 2].every((packet) => head[first + packet * packetBytes] === 0x47);
}

async function readTransportFacts(file: RangeReader, first: number, packetBytes: number): Promise<ContainerFacts> {
  if (file.sizeBytes % packetBytes !== 0) return plainFacts("video/mp2t", "the last packet is cut off");
  const last = await file.read(file.sizeBytes - packetBytes, packetBytes);
  const isInStep = last[first] === 0x47;
  // A transport stream has no end mark: packets in step say only that nothing is visibly missing.
  return {
    ...plainFacts("video/mp2t", isInStep ? null : "the last packet has no sync byte"),
    isComplete: isInStep ? null : false,
  };
}
