import { type ContainerFacts, plainFacts, type RangeReader } from "./facts.ts";

/** Packets at the end that are looked at one by one; the rest of the file is only sampled. */
const tailPackets = 8192;
const samples = 32;
const nullPid = 0x1fff;

/** How packets lie in a file: ISO/IEC 13818-1, 2.4.3.2 has 188 bytes that begin with 0x47; Blu-ray puts 4 before. */
type Grid = { first: number; packetBytes: number };

/** The grid on which this file's packets lie; null: it is no transport stream. */
export function transportGrid(head: Buffer): Grid | null {
  const grids: Grid[] = [
    { first: 0, packetBytes: 188 },
    { first: 4, packetBytes: 192 },
  ];
  return (
    grids.find(({ first, packetBytes }) => [0, 1, 2].every((packet) => head[first + packet * packetBytes] === 0x47)) ??
    null
  );
}

/**
 * Looks whether a transport stream is in step to its last packet and its counters run on. It has no end mark, so
 * nothing visibly missing is as good as it gets; a jump in a counter is a packet that was lost on the way here.
 */
export async function readTransportFacts(file: RangeReader, grid: Grid): Promise<ContainerFacts> {
  const { packetBytes, first } = grid;
  const mediaType = "video/mp2t";
  if (file.sizeBytes % packetBytes !== 0) return plainFacts(mediaType, "the last packet is cut off");
  const packets = file.sizeBytes / packetBytes;
  // A power cut may leave a file of the right length whose last blocks were never written.
  for (let sample = 0; sample < samples; sample++) {
    const packet = Math.floor((packets * sample) / samples);
    const sync = await file.read(packet * packetBytes + first, 1);
    if (sync[0] !== 0x47) return plainFacts(mediaType, `no packet at byte ${packet * packetBytes}`);
  }
  const from = Math.max(packets - tailPackets, 0);
  const tail = await file.read(from * packetBytes, (packets - from) * packetBytes);
  const counters = new Map<number, number>();
  let jumps = 0;
  for (let at = first; at < tail.length; at += packetBytes) {
    if (tail[at] !== 0x47) return plainFacts(mediaType, `no packet at byte ${from * packetBytes + at - first}`);
    if (!isContinuous(tail.subarray(at, at + 188), counters)) jumps++;
  }
  const damage = jumps === 0 ? null : `${jumps} packets are missing near the end`;
  return { ...plainFacts(mediaType, null), isComplete: null, damage };
}

// ISO/IEC 13818-1, 2.4.3.3 and 2.4.3.5: the counter of a PID goes up by one with each packet that has a payload; a
// packet may come twice; with the discontinuity indicator anything goes.
function isContinuous(packet: Buffer, counters: Map<number, number>): boolean {
  const pid = packet.readUInt16BE(1) & 0x1fff;
  const control = packet[3] ?? 0;
  const hasPayload = (control & 0x10) !== 0;
  const isDeclaredJump = (control & 0x20) !== 0 && (packet[4] ?? 0) > 0 && ((packet[5] ?? 0) & 0x80) !== 0;
  const counter = control & 0x0f;
  const before = counters.get(pid);
  if (pid === nullPid) return true;
  counters.set(pid, counter);
  if (before === undefined || isDeclaredJump || !hasPayload) return true;
  return counter === ((before + 1) & 0x0f) || counter === before;
}
