import { open, readFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { rangeReader } from "../ready-file.ts";
import { readContainerFacts } from "./index.ts";

const samples = join(import.meta.dirname, "../../samples/recordings");

function factsOf(bytes: Buffer) {
  return readContainerFacts({
    sizeBytes: bytes.length,
    read: async (position, lengthBytes) => bytes.subarray(position, position + lengthBytes),
  });
}

function box(type: string, body: Buffer, sizeField = 8 + body.length): Buffer {
  const header = Buffer.alloc(8);
  header.writeUInt32BE(sizeField, 0);
  header.write(type, 4, "latin1");
  return Buffer.concat([header, body]);
}

describe("readContainerFacts", () => {
  it.each([
    ["van-04-rear.mp4", "video/mp4", "2026-08-14T08:31:04.000Z", 12_000],
    ["van-07-cabin.mp4", "video/mp4", "2026-08-14T08:44:40.000Z", 10_000],
    ["van-09-rear.mkv", "video/matroska", undefined, null],
    ["grao-05-counter.ts", "video/mp2t", undefined, null],
  ])("reads %s", async (name, mediaType, createdAt, durationMs) => {
    const handle = await open(join(samples, name));
    const facts = await readContainerFacts(rangeReader(handle, (await handle.stat()).size));
    await handle.close();
    // A transport stream has no end that could be checked.
    expect(facts).toMatchObject({ mediaType, isComplete: mediaType === "video/mp2t" ? null : true, missing: null });
    expect(facts.createdAt?.toISOString()).toBe(createdAt);
    if (durationMs === null) expect(facts.durationMs).toBeNull();
    else expect(Math.abs((facts.durationMs ?? 0) - durationMs)).toBeLessThan(50);
  });

  it("takes a length that no recording has for none, so that no end is reckoned from it", async () => {
    const header = (timescale: number, duration: bigint) => {
      const body = Buffer.alloc(112);
      body[0] = 1;
      body.writeBigUInt64BE(3_870_000_000n, 4);
      body.writeUInt32BE(timescale, 20);
      body.writeBigUInt64BE(duration, 24);
      return Buffer.concat([box("ftyp", Buffer.from("isom")), box("moov", box("mvhd", body))]);
    };
    expect(await factsOf(header(1000, 12_000n))).toMatchObject({ durationMs: 12_000 });
    const { createdAt, durationMs } = await factsOf(header(1, 2n ** 52n));
    expect([createdAt?.getUTCFullYear(), durationMs]).toEqual([2026, null]);
  });

  it.each(["colon-12-lobby.mp4", "van-09-rear.mkv", "grao-05-counter.ts"])(
    "calls %s incomplete wherever it is cut",
    async (name) => {
      const whole = await readFile(join(samples, name));
      for (let share = 0.05; share < 1; share += 0.09) {
        const cutAt = Math.floor(whole.length * share) | 1; // odd, so that no cut falls between two TS packets
        expect({ cutAt, isComplete: (await factsOf(whole.subarray(0, cutAt))).isComplete }).toEqual({
          cutAt,
          isComplete: false,
        });
      }
      expect((await factsOf(whole.subarray(0, -1))).isComplete).toBe(false);
    },
  );

  it("calls an MP4 without moov incomplete, as a killed recorder leaves it", async () => {
    const ftyp = box("ftyp", Buffer.from("isom\0\0\0\0isom"));
    const openMdat = box("mdat", Buffer.alloc(5000), 0);
    expect(await factsOf(Buffer.concat([ftyp, openMdat]))).toMatchObject({
      isComplete: false,
      missing: expect.stringContaining("moov"),
    });
    expect((await factsOf(Buffer.concat([ftyp, box("moov", Buffer.alloc(8)), openMdat]))).isComplete).toBe(true);
  });

  it("reads 64-bit boxes and a QuickTime brand", async () => {
    const large = Buffer.alloc(16 + 100);
    large.writeUInt32BE(1, 0);
    large.write("mdat", 4, "latin1");
    large.writeBigUInt64BE(116n, 8);
    const file = Buffer.concat([box("ftyp", Buffer.from("qt  \0\0\0\0")), large, box("moov", Buffer.alloc(8))]);
    expect(await factsOf(file)).toMatchObject({ mediaType: "video/quicktime", isComplete: true });
  });

  it("walks a Matroska segment of unknown size cluster by cluster", async () => {
    const whole = await readFile(join(samples, "van-09-rear.mkv"));
    const sizeAt = whole.indexOf(Buffer.from("18538067", "hex")) + 4;
    const live = Buffer.from(whole);
    Buffer.from("01ffffffffffffff", "hex").copy(live, sizeAt);
    expect(await factsOf(live)).toMatchObject({ isComplete: true });
    expect((await factsOf(live.subarray(0, -7))).isComplete).toBe(false);
  });

  it("tells fragments that end with their index from those that may lack some", async () => {
    const ftyp = box("ftyp", Buffer.from("iso5\0\0\0\0"));
    const moov = box("moov", box("mvex", Buffer.alloc(8)));
    const fragment = Buffer.concat([box("moof", Buffer.alloc(8)), box("mdat", Buffer.alloc(50))]);
    const of = (...parts: Buffer[]) => factsOf(Buffer.concat([ftyp, moov, ...parts]));
    expect(await of(fragment, fragment, box("mfra", Buffer.alloc(8)))).toMatchObject({ isComplete: true });
    expect(await of(fragment, fragment)).toMatchObject({ isComplete: null });
    expect(await of(fragment, fragment.subarray(0, 16))).toMatchObject({ isComplete: false });
    expect(await of(fragment, fragment.subarray(0, 40))).toMatchObject({ isComplete: false });
    expect(await of()).toMatchObject({ isComplete: false, missing: expect.stringContaining("no fragment") });
    expect(await of(fragment, Buffer.alloc(100))).toMatchObject({ isComplete: false });
  });

  it("notices where a power cut left zeros, in a file of the right length", async () => {
    for (const name of ["van-09-rear.mkv", "grao-05-counter.ts"]) {
      const whole = await readFile(join(samples, name));
      whole.fill(0, whole.length - 4096);
      expect(await factsOf(whole)).toMatchObject({ isComplete: false });
    }
  });

  it("counts packets of a transport stream that were lost on the way, which is no missing end", async () => {
    const whole = await readFile(join(samples, "grao-05-counter.ts"));
    expect(await factsOf(whole)).toMatchObject({ isComplete: null, damage: null });
    const holed = Buffer.concat([whole.subarray(0, -188 * 60), whole.subarray(-188 * 57)]);
    expect(await factsOf(holed)).toMatchObject({ isComplete: null, damage: expect.stringContaining("missing") });
  });

  it("walks the RIFF chunks of an AVI file", async () => {
    const riff = (form: string, body: Buffer, size = body.length + 4) => {
      const head = Buffer.from(`RIFF    ${form}`, "latin1");
      head.writeUInt32LE(size, 4);
      return Buffer.concat([head, body]);
    };
    const first = riff("AVI ", Buffer.alloc(100));
    expect(await factsOf(first)).toMatchObject({ mediaType: "video/x-msvideo", isComplete: true });
    expect(await factsOf(Buffer.concat([first, riff("AVIX", Buffer.alloc(60))]))).toMatchObject({ isComplete: true });
    expect(await factsOf(riff("AVI ", Buffer.alloc(100), 0))).toMatchObject({ isComplete: false });
    expect(await factsOf(first.subarray(0, -1))).toMatchObject({ isComplete: false });
    expect(await factsOf(Buffer.concat([first, Buffer.alloc(30)]))).toMatchObject({ isComplete: false });
  });

  it("never fails on garbage", async () => {
    for (let seed = 0; seed < 200; seed++) {
      const bytes = Buffer.alloc(300, seed);
      for (const head of ["", "\0\0\0\u0010ftyp", "\u001aE\u00df\u00a3", "RIFF    AVI "]) {
        bytes.write(head, 0, "latin1");
        await expect(factsOf(bytes)).resolves.toBeDefined();
        await expect(factsOf(bytes.subarray(0, seed % 13))).resolves.toBeDefined();
      }
    }
  });
});
