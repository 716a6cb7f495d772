import { type ContainerFacts, plainFacts, type RangeReader } from "./facts.ts";

const segmentId = 0x18538067;
const clusterId = 0x1f43b675;
// Children of a Segment (RFC 9559, section 5.1): a cluster of unknown size ends where one of these begins.
const segmentChildren = new Set([
  clusterId,
  0x114d9b74, // SeekHead
  0x1549a966, // Info
  0x1654ae6b, // Tracks
  0x1c53bb6b, // Cues
  0x1941a469, // Attachments
  0x1043a770, // Chapters
  0x1254c367, // Tags
  0xec, // Void
  0xbf, // CRC-32
]);

type Element = { id: number; bodyStart: number; sizeBytes: number | null };

// RFC 8794, sections 4 to 6: the number of leading zero bits gives the width; all ones in a size mean "unknown".
async function readElement(file: RangeReader, start: number): Promise<Element | null> {
  const header = await file.read(start, 12);
  const idLength = header[0] === undefined || header[0] === 0 ? 9 : Math.clz32(header[0]) - 23;
  const sizeByte = header[idLength];
  if (idLength > 4 || sizeByte === undefined || sizeByte === 0) return null;
  const sizeLength = Math.clz32(sizeByte) - 23;
  if (header.length < idLength + sizeLength) return null;
  const id = header.readUIntBE(0, idLength);
  let size = BigInt(sizeByte & (0xff >> sizeLength));
  for (let i = 1; i < sizeLength; i++) size = (size << 8n) | BigInt(header[idLength + i] ?? 0);
  const isUnknown = size === (1n << BigInt(7 * sizeLength)) - 1n;
  return { id, bodyStart: start + idLength + sizeLength, sizeBytes: isUnknown ? null : Number(size) };
}

/**
 * Walks the elements of a Matroska or WebM file to its end (RFC 9559). Complete: the Segment does not end beyond the
 * file, the last of its elements ends where it does, and there was a cluster.
 */
export async function readMatroskaFacts(file: RangeReader): Promise<ContainerFacts> {
  const head = await file.read(0, 64);
  const mediaType = head.includes("webm") ? "video/webm" : "video/matroska";
  const headerElement = await readElement(file, 0);
  if (headerElement?.sizeBytes == null) return plainFacts(mediaType, "no valid header");
  const segmentStart = headerElement.bodyStart + headerElement.sizeBytes;
  const segment = await readElement(file, segmentStart);
  if (segment?.id !== segmentId) return plainFacts(mediaType, "no segment");
  const end = segment.sizeBytes === null ? file.sizeBytes : segment.bodyStart + segment.sizeBytes;
  if (end > file.sizeBytes) return plainFacts(mediaType, "the segment ends beyond the end of the file");
  return plainFacts(mediaType, await walkSegment(file, segment.bodyStart, end));
}

// Whether its size was written or not: a power cut may have left zeros where clusters should be.
async function walkSegment(file: RangeReader, start: number, end: number): Promise<string | null> {
  let hasCluster = false;
  let isInOpenCluster = false;
  let position = start;
  while (position < end) {
    const element = await readElement(file, position);
    if (element === null) return `no valid element at byte ${position}`;
    if (segmentChildren.has(element.id)) isInOpenCluster = false;
    else if (!isInOpenCluster) return `an unknown element at byte ${position}`;
    if (element.id === clusterId) hasCluster = true;
    if (element.sizeBytes !== null) position = element.bodyStart + element.sizeBytes;
    else if (element.id === clusterId) {
      isInOpenCluster = true;
      position = element.bodyStart;
    } else return `an element of unknown size at byte ${position}`;
  }
  if (position > end) return "the last element ends beyond the end of the file";
  return hasCluster ? null : "no cluster";
}
