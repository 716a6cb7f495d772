import { utimes } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { orderKey } from "../access/index.ts";
import { newId } from "../ids.ts";
import { recordingKey, sidecarKey } from "../recordings/index.ts";
import { expectCustodyEvent, factories, useTestDatabase } from "../testing/index.ts";
import { sweepBlobs } from "./index.ts";

const hourMs = 3_600_000;

describe("the daily sweep of storage", () => {
  const world = useTestDatabase();
  async function put(key: string, content: string, ageMs: number): Promise<string> {
    await world().storage.put(key, Buffer.from(content));
    const at = new Date(world().clock.now().getTime() - ageMs);
    await utimes(join(world().dir, "storage", key), at, at);
    return key;
  }
  async function keys(): Promise<string[]> {
    const found: string[] = [];
    for await (const key of world().storage.list("")) found.push(key);
    return found.sort();
  }

  test("removes what ended uploads and cut-off announcements left, by name, and nothing else", async () => {
    const { db } = world();
    const ended = await factories.makeRecording(db, { state: "receiving" });
    await db.upload.update({ where: { recordingId: ended.id }, data: { state: "terminated" } });
    const request = await factories.makeRequest(db);
    const old = 40 * 24 * hourMs;
    const [receiving, sealed, quarantined] = [
      await factories.makeRecording(db, { state: "receiving" }),
      await factories.makeRecording(db),
      await factories.makeRecording(db, { state: "quarantined" }),
    ];
    const leftOver = await put(recordingKey(ended.id), "left", hourMs);
    const cutOff = await put(recordingKey(newId("recording")), "", 25 * hourMs);
    const oldOrder = await put(orderKey(newId("request")), "order", 31 * 24 * hourMs);
    const oldSidecar = await put(sidecarKey(newId("recording"), "0".repeat(64)), "track", 31 * 24 * hourMs);
    const { sha256 } = await factories.makeSidecar(db, sealed.id, Buffer.from("track"));
    const kept = [
      await put(sidecarKey(sealed.id, Buffer.from(sha256).toString("hex")), "track", old),
      await put(sidecarKey(sealed.id, "0".repeat(64)), "track", 29 * 24 * hourMs),
      await put(recordingKey(newId("recording")), "bytes whose row may be what was lost", old),
      await put(recordingKey(newId("recording")), "", 23 * hourMs),
      await put(orderKey(newId("request")), "order", 29 * 24 * hourMs),
      await put(orderKey(request.id), "order", old),
      await put(recordingKey(receiving.id), "", old),
      await put(recordingKey(sealed.id), "sealed", old),
      await put(recordingKey(quarantined.id), "quarantined", old),
    ].sort();

    expect(await sweepBlobs(world().context())).toBe(4);
    expect(await keys()).toEqual(kept);
    const { details } = await expectCustodyEvent(db, { action: "storage.swept", outcome: "done" });
    expect((details as { keys: string[] }).keys.sort()).toEqual([leftOver, cutOff, oldOrder, oldSidecar].sort());
    expect(await sweepBlobs(world().context())).toBe(0);
    expect(await db.custodyEvent.count({ where: { action: "storage.swept" } })).toBe(1);
  });

  test("goes on after a blob that does not go, and takes it the next time", async () => {
    const { db, storage } = world();
    const made = [
      await factories.makeRecording(db, { state: "receiving" }),
      await factories.makeRecording(db, { state: "receiving" }),
    ];
    for (const { id } of made) {
      await db.upload.update({ where: { recordingId: id }, data: { state: "terminated" } });
      await put(recordingKey(id), "left", 0);
    }
    const stuck = recordingKey(made[0]?.id ?? "");
    const failing = new Proxy(storage, {
      get: (target, name) => {
        const value: unknown = Reflect.get(target, name);
        if (name === "remove")
          return async (key: string) => (key === stuck ? Promise.reject(new Error("EIO")) : target.remove(key));
        return typeof value === "function" ? value.bind(target) : value;
      },
    });
    expect(await sweepBlobs(world().context(undefined, { storage: failing }))).toBe(1);
    expect(await storage.size(stuck)).toBe(4);
    expect(await sweepBlobs(world().context())).toBe(1);
    expect(await storage.size(stuck)).toBeNull();
  });

  test("is the archive's own, and nobody else's", async () => {
    const officer = world().context(await factories.makeAdmin(world().db));
    await expect(sweepBlobs(officer)).rejects.toMatchObject({ code: "forbidden" });
  });
});
