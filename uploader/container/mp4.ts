import { type ContainerFacts, plainFacts, type RangeReader } from "./facts.ts";

const secondsFrom1904To1970 = 2_082_844_800;
/** No recording is longer than a year. */
const maxSeconds = 366 * 86_400;

type Box = { type: string; start: number; headerBytes: number; end: number };

// ISO/IEC 14496-12, 4.2: size 1 means a 64-bit size follows, size 0 that the box reaches the end of the file.
async function readBox(file: RangeReader, start: number, parentEnd: number): Promise<Box | null> {
  const header = await file.read(start, 16);
  if (header.length < 8) return null;
  const type = header.toString("latin1", 4, 8);
  if (!/^[\x20-\x7e\xa9]{4}$/.test(type)) return null;
  const shortSize = header.readUInt32BE(0);
  if (shortSize === 0) return { type, start, headerBytes: 8, end: parentEnd };
  if (shortSize !== 1) return shortSize < 8 ? null : { type, start, headerBytes: 8, end: start + shortSize };
  if (header.length < 16) return null;
  const size = Number(header.readBigUInt64BE(8));
  return size < 16 ? null : { type, start, headerBytes: 16, end: start + size };
}

/**
 * Walks the boxes of an MP4 or QuickTime file to its end (ISO/IEC 14496-12). Complete: every box ends where the
 * next begins, the last at the end of the file, and there is a `moov`. A file of fragments (8.8) that does not end
 * with an `mfra` may have lost whole ones, and nobody can tell.
 */
export async function readMp4Facts(file: RangeReader, mediaType: string): Promise<ContainerFacts> {
  let moov: Box | null = null;
  let fragments = 0;
  let last = "";
  let position = 0;
  while (position < file.sizeBytes) {
    const box = await readBox(file, position, file.sizeBytes);
    if (box === null) return plainFacts(mediaType, `no valid box at byte ${position}`);
    if (box.end > file.sizeBytes) return plainFacts(mediaType, `the ${box.type} box ends beyond the end of the file`);
    if (box.type === "moov") moov = box;
    if (box.type === "moof") fragments++;
    last = box.type;
    position = box.end;
  }
  if (moov === null) return plainFacts(mediaType, "no moov box; the recorder has not finished the file");
  const facts = { ...plainFacts(mediaType, null), ...(await readMovieHeader(file, moov)) };
  if (last === "moof") return { ...facts, isComplete: false, missing: "the last fragment has no media" };
  const isFragmented = fragments > 0 || (await hasBox(file, moov, "mvex"));
  if (!isFragmented || last === "mfra") return facts;
  if (fragments === 0) return { ...facts, isComplete: false, missing: "it has no fragment; there is no media yet" };
  return { ...facts, isComplete: null };
}

async function hasBox(file: RangeReader, parent: Box, type: string): Promise<boolean> {
  for (let position = parent.start + parent.headerBytes; position < parent.end; ) {
    const box = await readBox(file, position, parent.end);
    if (box === null) return false;
    if (box.type === type) return true;
    position = box.end;
  }
  return false;
}

// ISO/IEC 14496-12, 8.2.2: version, times in seconds since 1904, timescale in units a second, duration in them.
async function readMovieHeader(
  file: RangeReader,
  moov: Box,
): Promise<Pick<ContainerFacts, "createdAt" | "durationMs">> {
  const nothing = { createdAt: null, durationMs: null };
  for (let position = moov.start + moov.headerBytes; position < moov.end; ) {
    const box = await readBox(file, position, moov.end);
    if (box === null) return nothing;
    position = box.end;
    if (box.type !== "mvhd") continue;
    const body = await file.read(box.start + box.headerBytes, 32);
    const isLong = body[0] === 1;
    if (body.length < (isLong ? 32 : 20)) return nothing;
    const created = isLong ? Number(body.readBigUInt64BE(4)) : body.readUInt32BE(4);
    const timescale = body.readUInt32BE(isLong ? 20 : 12);
    const duration = isLong ? Number(body.readBigUInt64BE(24)) : body.readUInt32BE(16);
    const createdMs = (created - secondsFrom1904To1970) * 1000;
    // 0 means "not set", and a clock before 2000 or after 2200 was never set.
    const isPlausible = createdMs > Date.UTC(2000, 0, 1) && createdMs < Date.UTC(2200, 0, 1);
    const isKnown = timescale > 0 && duration > 0 && duration !== 0xffff_ffff && duration / timescale < maxSeconds;
    return {
      createdAt: isPlausible ? new Date(createdMs) : null,
      durationMs: isKnown ? Math.round((duration / timescale) * 1000) : null,
    };
  }
  return nothing;
}
