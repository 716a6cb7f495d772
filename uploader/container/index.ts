import { isAvi, readAviFacts } from "./avi.ts";
import { type ContainerFacts, plainFacts, type RangeReader } from "./facts.ts";
import { readMatroskaFacts } from "./matroska.ts";
import { readMp4Facts } from "./mp4.ts";
import { readTransportFacts, transportGrid } from "./transport-stream.ts";

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
  const grid = transportGrid(head);
  if (grid !== null) return readTransportFacts(file, grid);
  if (isAvi(head)) return readAviFacts(file);
  return { ...plainFacts("application/octet-stream", null), isComplete: null };
}
