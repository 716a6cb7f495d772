import { randomBytes } from "node:crypto";
import { Readable } from "node:stream";
import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, test } from "vitest";
import type { Context } from "../context.ts";
import { newId } from "../ids.ts";
import { encodeMetadataHeader } from "../protocol/index.ts";
import { factories, localSignals, useTestDatabase } from "../testing/index.ts";
import { appendBytes } from "./append-bytes.ts";
import { takeLease } from "./lease.ts";
import { openUpload } from "./open-upload.ts";
import { defaultTiming } from "./timing.ts";
import { Writers } from "./writers.ts";

const chunkBytes = 400_000;

/** A medium that is full from the second write on. */
function fillingUp(storage: Context["storage"]): Context["storage"] {
  let writes = 0;
  return Object.assign(Object.create(storage), {
    openWriter: async (key: string, offset: number) => {
      const writer = await storage.openWriter(key, offset);
      const write: typeof writer.write = (buffers) =>
        ++writes < 2 ? writer.write(buffers) : Promise.reject(Object.assign(new Error("full"), { code: "ENOSPC" }));
      return { write, sync: () => writer.sync(), close: () => writer.close() };
    },
  });
}

/** A database that fails the first time that progress is written. */
function failingOnce(sql: Context["sql"]): Context["sql"] {
  let failed = false;
  return async (statement, values) => {
    if (failed || statement.name !== "progress-write") return sql(statement, values);
    failed = true;
    await sleep(50);
    throw new Error("the database has no room either");
  };
}

describe("a full disk that the database feels too", () => {
  const world = useTestDatabase();

  test("promises no byte whose chunk was not written", async () => {
    const device = await factories.makeDevice(world().db);
    const ctx = world().context(device.actor);
    const metadataHeader = encodeMetadataHeader([["chunk_size", String(chunkBytes)]]);
    const file = randomBytes(5 * chunkBytes);
    const uploadId = newId("upload");
    const { recordingId } = await openUpload(ctx, { uploadId, lengthBytes: file.length, metadataHeader });
    const writers = new Writers(defaultTiming, localSignals());
    const { lease } = await takeLease(ctx, uploadId, 0, writers);
    if (lease === null) throw new Error("Nobody else writes.");
    const poor = { ...ctx, storage: fillingUp(ctx.storage), sql: failingOnce(ctx.sql) };
    const pieces = [file.subarray(0, 1_100_000), file.subarray(1_100_000)]; // each as much as is written at once
    const body = Readable.from(pieces, { objectMode: false });
    await expect(appendBytes(poor, lease, body, { writers, maxBytes: file.length })).rejects.toMatchObject({
      code: "insufficient_storage",
    });
    const { offsetBytes } = await ctx.db.upload.findUniqueOrThrow({ where: { id: uploadId } });
    const chunks = await ctx.db.chunk.findMany({ where: { recordingId: recordingId ?? "" } });
    expect(Number(offsetBytes)).toBe(chunks.reduce((sum, chunk) => sum + chunk.lengthBytes, 0));
  });
});

describe("the last byte of a file", () => {
  const world = useTestDatabase();

  // A client that is told an offset of the whole length sends nothing more: the upload would stay open, and expire.
  test.each([
    ["that ends with a chunk", 2 * chunkBytes],
    ["that ends inside one", 2 * chunkBytes + 10],
  ])("%s is not promised before the recording is received", async (_, lengthBytes) => {
    const device = await factories.makeDevice(world().db);
    const ctx = world().context(device.actor);
    const metadataHeader = encodeMetadataHeader([["chunk_size", String(chunkBytes)]]);
    const uploadId = newId("upload");
    await openUpload(ctx, { uploadId, lengthBytes, metadataHeader });
    const writers = new Writers({ ...defaultTiming, checkpointMs: 0, renewMs: 20 }, localSignals());
    const send = async (as: Context, offsetBytes: number, body: Readable) => {
      const { lease } = await takeLease(as, uploadId, offsetBytes, writers);
      if (lease === null) throw new Error("Nobody else writes.");
      return appendBytes(as, lease, body, { writers, maxBytes: lengthBytes });
    };
    const offset = async () => Number((await ctx.db.upload.findUniqueOrThrow({ where: { id: uploadId } })).offsetBytes);
    // Killed before the last transaction, however long the body takes to end.
    const db = new Proxy(ctx.db, {
      get: (target, name) =>
        name === "$transaction" ? () => Promise.reject(new Error("killed")) : Reflect.get(target, name),
    });
    async function* slow() {
      yield randomBytes(lengthBytes);
      await sleep(150);
    }
    const body = Readable.from(slow(), { objectMode: false });
    await expect(send({ ...ctx, db }, 0, body)).rejects.toMatchObject({ code: "internal" });
    const kept = await offset();
    expect(kept).toBeLessThan(lengthBytes);
    const rest = Readable.from([randomBytes(lengthBytes - kept)], { objectMode: false });
    expect(await send(ctx, kept, rest)).toMatchObject({ isComplete: true });
  });
});
