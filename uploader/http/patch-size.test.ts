import { describe, expect, it } from "vitest";
import { atPace } from "./pace.ts";
import { PatchSize } from "./patch-size.ts";

const KiB = 1024;
const chunk = 64 * 1024 * KiB;

describe("PatchSize", () => {
  it("comes to what the link takes in 5 to 10 s, and to no more than 8 MiB", () => {
    for (const bytesPerSecond of [1_000_000, 100_000, 50_000]) {
      const size = new PatchSize();
      for (let i = 0; i < 10; i++) {
        const bytes = size.at(0, chunk);
        size.learn(bytes, (bytes / bytesPerSecond) * 1000);
      }
      const seconds = size.at(0, chunk) / bytesPerSecond;
      expect(seconds).toBeGreaterThanOrEqual(5);
      expect(seconds).toBeLessThanOrEqual(10);
    }
    const fast = new PatchSize();
    for (let i = 0; i < 10; i++) fast.learn(fast.at(0, chunk), 1);
    expect(fast.at(0, chunk)).toBe(8192 * KiB);
  });

  it("never goes below 256 KiB, nor over the border of a chunk", () => {
    const size = new PatchSize();
    size.learn(256 * KiB, 600_000);
    size.shrink();
    expect(size.at(0, chunk)).toBe(256 * KiB);
    expect(size.isLeast).toBe(true);
    expect(size.at(399_000, 400_000)).toBe(1000);
  });

  it("grows by four at most, halves at a cut, and does not shrink for a short rest before a border", () => {
    const size = new PatchSize();
    size.learn(256 * KiB, 1);
    expect(size.at(0, chunk)).toBe(1024 * KiB);
    size.learn(1024 * KiB, 1);
    size.shrink();
    expect(size.at(0, chunk)).toBe(2048 * KiB);
    size.learn(1000, 600);
    expect(size.at(0, chunk)).toBe(2048 * KiB);
  });

  it("keeps to the pace of the link for a while after a break, and to none before one", () => {
    const size = new PatchSize();
    size.learn(256_000, 8000);
    expect(size.paceBytesPerSecond).toBeNull();
    size.shrink();
    expect(size.paceBytesPerSecond).toBeCloseTo(38_400);
    for (let i = 0; i < 7; i++) size.learn(256 * KiB, 60_000);
    expect(size.paceBytesPerSecond).toBeCloseTo(38_400);
    size.learn(256 * KiB, 60_000);
    expect(size.paceBytesPerSecond).toBeNull();
    // What the link takes now is learned where nothing holds it back, and before that nothing holds back again.
    size.shrink();
    expect(size.paceBytesPerSecond).toBeNull();
    for (let i = 0; i < 3; i++) size.learn(256 * KiB, 60_000);
    size.shrink();
    expect(size.paceBytesPerSecond).toBe(16_000);
  });

  it("never makes a link slower and slower that breaks all the time, and whose answers take long", () => {
    const linkBytesPerSecond = 1_000_000;
    const size = new PatchSize();
    let [sentBytes, tookMs] = [0, 0];
    for (let patch = 0; patch < 500; patch++) {
      const bytes = size.at(0, chunk);
      const pace = size.paceBytesPerSecond ?? linkBytesPerSecond;
      const ms = (bytes / Math.min(pace, linkBytesPerSecond)) * 1000 + 2000;
      if (patch >= 100) sentBytes += bytes;
      if (patch >= 100) tookMs += ms;
      size.learn(bytes, ms);
      if (patch % 4 === 3) size.shrink();
    }
    // 700 kB/s without any pace; 22 where the wait for an answer counts as slowness again and again.
    expect((sentBytes / tookMs) * 1000).toBeGreaterThan(350_000);
  });
});

describe("atPace", () => {
  it("hands over no faster than that, in small steps, and changes nothing without a pace", async () => {
    const lengths: number[] = [];
    const read = async (_buffer: Buffer, _position: number, lengthBytes: number) => {
      lengths.push(lengthBytes);
      return lengthBytes;
    };
    expect(atPace(read, null)).toBe(read);
    const beganAtMs = performance.now();
    const paced = atPace(read, 100 * KiB);
    for (let position = 0; position < 40 * KiB; ) position += await paced(Buffer.alloc(0), position, 64 * KiB);
    expect(Math.max(...lengths)).toBeLessThanOrEqual(25 * KiB);
    // The second step waits until a quarter of a second's worth, less the head start, has gone out.
    expect(performance.now() - beganAtMs).toBeGreaterThan(80);
  });
});
