import { randomBytes } from "node:crypto";
import { buffer } from "node:stream/consumers";
import { describe, expect, it } from "vitest";
import { BlobDamagedError, type BlobStore } from "./blob-store.ts";

async function writeBlob(store: BlobStore, key: string, content: Uint8Array): Promise<void> {
  await store.create(key);
  const writer = await store.openWriter(key, 0);
  await writer.write([content]);
  await writer.sync();
  await writer.close();
}

async function keysBelow(store: BlobStore, prefix: string): Promise<string[]> {
  const keys: string[] = [];
  for await (const key of store.list(prefix)) keys.push(key);
  return keys.sort();
}

/** The suite that every BlobStore passes: the duties that lib/storage/blob-store.ts names. */
export function describeBlobStore(name: string, open: () => Promise<BlobStore>): void {
  describe(`${name} keeps the duties of a BlobStore`, () => {
    const content = randomBytes(3_000_001);

    it("gives back exactly what was appended, whole and by inclusive range", async () => {
      const store = await open();
      await writeBlob(store, "recordings/R-1", content);
      expect(await buffer(store.read("recordings/R-1"))).toEqual(content);
      const part = await buffer(store.read("recordings/R-1", { start: 999_999, end: 2_000_000 }));
      expect(part.equals(content.subarray(999_999, 2_000_001))).toBe(true);
      expect(await store.size("recordings/R-1")).toBe(content.length);
    });

    it("appends several buffers in order, across calls, with a sync running beside a write", async () => {
      const store = await open();
      await store.create("a/b");
      const writer = await store.openWriter("a/b", 0);
      await writer.write([content.subarray(0, 10), content.subarray(10, 70_000), content.subarray(70_000, 70_001)]);
      await Promise.all([writer.sync(), writer.write([content.subarray(70_001)])]);
      await writer.sync();
      await writer.close();
      expect((await buffer(store.read("a/b"))).equals(content)).toBe(true);
    });

    it("cuts back what lies behind the offset that a writer resumes at", async () => {
      const store = await open();
      await writeBlob(store, "a/b", content);
      const writer = await store.openWriter("a/b", 1_000_000);
      await writer.write([Buffer.from("the rest")]);
      await writer.close();
      const expected = Buffer.concat([content.subarray(0, 1_000_000), Buffer.from("the rest")]);
      expect((await buffer(store.read("a/b"))).equals(expected)).toBe(true);
    });

    it("refuses to append where bytes are missing, and changes nothing", async () => {
      const store = await open();
      await writeBlob(store, "a/b", content);
      const short = await store.openWriter("a/b", content.length + 1).catch((error: unknown) => error);
      expect(short).toBeInstanceOf(BlobDamagedError);
      expect(short).toMatchObject({ expectedBytes: content.length + 1, actualBytes: content.length });
      expect(await store.size("a/b")).toBe(content.length);
      const gone = await store.openWriter("a/none", 0).catch((error: unknown) => error);
      expect(gone).toMatchObject({ name: "BlobDamagedError", actualBytes: null });
    });

    it("reads into the caller's memory at any position, and says where the end is", async () => {
      const store = await open();
      await writeBlob(store, "a/b", content);
      const reader = await store.openReader("a/b");
      if (reader === null) throw new Error("the blob is there");
      const into = Buffer.alloc(1_000_000);
      expect(reader.sizeBytes).toBe(content.length);
      expect(await reader.read(into, 500_000)).toBe(1_000_000);
      expect(into.equals(content.subarray(500_000, 1_500_000))).toBe(true);
      expect(await reader.read(into, 3_000_000)).toBe(1);
      expect(await reader.read(into, 3_000_001)).toBe(0);
      await reader.close();
      expect(await store.openReader("a/none")).toBeNull();
    });

    it("never replaces a blob", async () => {
      const store = await open();
      await store.put("orders/Q-1", Buffer.from("first"));
      await expect(store.put("orders/Q-1", Buffer.from("second"))).rejects.toMatchObject({ code: "EEXIST" });
      await expect(store.create("orders/Q-1")).rejects.toMatchObject({ code: "EEXIST" });
      expect((await buffer(store.read("orders/Q-1"))).toString()).toBe("first");
    });

    it("lists the keys below a prefix, and nothing else", async () => {
      const store = await open();
      await store.put("orders/Q-1", Buffer.from("1"));
      await store.put("orders/Q-2", new Uint8Array());
      await store.create("recordings/R-1");
      expect(await keysBelow(store, "orders/")).toEqual(["orders/Q-1", "orders/Q-2"]);
      expect(await keysBelow(store, "")).toEqual(["orders/Q-1", "orders/Q-2", "recordings/R-1"]);
    });

    it("removes a blob, and does not mind one that is gone", async () => {
      const store = await open();
      await store.put("orders/Q-1", Buffer.from("1"));
      await store.remove("orders/Q-1");
      await store.remove("orders/Q-1");
      expect(await store.size("orders/Q-1")).toBeNull();
      expect(await keysBelow(store, "")).toEqual([]);
    });

    it("refuses keys that are not ours before they reach the medium", async () => {
      const store = await open();
      const bad = ["", "/etc/passwd", "../up", "a/../../up", "a//b", "a/.hidden", "a\\b", "a\u0000b", "a b", "ä", "a/"];
      for (const key of bad) {
        await expect(store.put(key, new Uint8Array())).rejects.toThrow(TypeError);
        await expect(store.openReader(key)).rejects.toThrow(TypeError);
        expect(() => store.read(key)).toThrow(TypeError);
      }
    });

    it("tells when a blob was written last, and that of none it does not know", async () => {
      const store = await open();
      const before = Date.now() - 2_000; // media count time in steps of up to two seconds
      await store.put("orders/Q-1", Buffer.from("1"));
      const at = await store.modifiedAt("orders/Q-1");
      expect(at?.getTime()).toBeGreaterThanOrEqual(before);
      expect(at?.getTime()).toBeLessThan(Date.now() + 60_000);
      expect(await store.modifiedAt("orders/Q-2")).toBeNull();
    });

    it("tells how many bytes can still be stored, or that it does not know", async () => {
      const free = await (await open()).freeBytes();
      expect(free === null || free > 0).toBe(true);
    });
  });
}
