import { createHash } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Sha256Hex } from "../../lib/protocol/index.ts";
import { MemoryDisk } from "../testing/memory-disk.ts";
import type { FilePhase, FileRecord } from "./file-record.ts";
import { StateStore, StateView } from "./state-store.ts";

const server = "https://archive.test";
const sha256Of = (name: string) => createHash("sha256").update(name).digest("hex") as Sha256Hex; // 32 bytes

function recordOf(name: string, phase: FilePhase = "described", over: Partial<FileRecord> = {}): FileRecord {
  return {
    ...{ file: `/card/${name}`, server, identity: { sizeBytes: 10, modifiedMs: 1.5, changedMs: 2.5, inode: 7 } },
    ...{ sha256: sha256Of(name), chunkSizeBytes: 400_000, mediaType: "video/mp4", class: "bulk", capturedFrom: null },
    ...{ sequence: null, manifestSha256: null, sidecars: [], uploadUrl: null, recording: null, acknowledgedBytes: 0 },
    ...{
      phase,
      receiptedAtRunMs: null,
      foundAtRunMs: null,
      isDeleted: false,
      goneAtRunMs: null,
      problem: null,
      retryAt: null,
      updatedAt: "",
      ...over,
    },
  };
}

describe("StateStore", () => {
  let folder = "";
  let disk = new MemoryDisk();
  const open = () => StateStore.open(folder, { disk: disk.connect() });

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "state-"));
    disk = new MemoryDisk();
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  it("opens a damaged journal on a full disk, with what can be read of it", async () => {
    let store = await open();
    for (const name of ["a", "b", "c"]) await store.write(recordOf(name), true);
    await store.close();
    const content = Buffer.from(disk.content(`${folder}/journal`) ?? "");
    content[5] = 0;
    disk.damage(`${folder}/journal`, content);
    disk.capacityBytes = 0;
    store = await open();
    expect(store.damage).toMatch(/damaged in 1 places; \d+ bytes cannot be set aside: ENOSPC/);
    expect(await store.read(server, "/card/a")).toBeNull();
    expect(await store.read(server, "/card/c")).toMatchObject({ phase: "described" });
    await store.close();
  });

  it("does not try to rewrite a journal with every line, where that fails", async () => {
    const store = await open();
    let tries = 0;
    disk.before = (call, path) => {
      if (call !== "open" || !path.endsWith("journal.new")) return;
      tries += 1;
      throw Object.assign(new Error("EIO"), { code: "EIO" });
    };
    for (let at = 0; at < 1000; at++) await store.write(recordOf("a", "sending", { acknowledgedBytes: at }), false);
    expect(tries).toBeGreaterThan(0);
    expect(tries).toBeLessThan(10);
    disk.before = () => undefined;
    await store.close();
  });

  it("remembers the last word on each file, and forgets what it is told to", async () => {
    let store = await open();
    await store.write(recordOf("a"), true);
    await store.write(recordOf("a", "sending", { acknowledgedBytes: 5 }), true);
    await store.write(recordOf("b", "sealed"), true);
    await store.remove(recordOf("c"));
    await store.write(recordOf("d"), true);
    await store.remove(recordOf("d"));
    await store.close();
    store = await open();
    expect(await store.read(server, "/card/a")).toMatchObject({ phase: "sending", acknowledgedBytes: 5 });
    expect(await store.read(server, "/card/d")).toBeNull();
    expect(await store.read("https://other.test", "/card/a")).toBeNull();
    expect(store.tally()).toMatchObject({
      sending: { files: 1, bytes: 10 },
      sealed: { files: 1 },
      described: { files: 0 },
    });
    expect((await store.findByContent(server, sha256Of("b"))).map(({ file }) => file)).toEqual(["/card/b"]);
    await store.close();
  });

  it("tells the phase of a file that is still what it was, and nothing of another in its place", async () => {
    const store = await open();
    const record = recordOf("a", "sealed");
    await store.write(record, true);
    expect(store.phaseOf(server, "/card/a", record.identity)).toBe("sealed");
    expect(store.phaseOf(server, "/card/a", { ...record.identity, changedMs: 3 })).toBeNull();
    await store.close();
  });

  it("stays small however often records change, and loses none of them", async () => {
    let store = await open();
    for (let round = 0; round < 40; round++)
      await Promise.all(
        Array.from({ length: 50 }, (_, index) =>
          store.write(recordOf(`${index}`, "sending", { acknowledgedBytes: round }), round % 5 === 0),
        ),
      );
    const journalBytes = disk.content(`${folder}/journal`)?.length ?? 0;
    expect(journalBytes).toBeLessThan(400_000);
    await store.close();
    store = await open();
    let files = 0;
    for await (const { acknowledgedBytes } of store.all()) {
      expect(acknowledgedBytes).toBe(39);
      files += 1;
    }
    expect(files).toBe(50);
    await store.close();
  });

  it("can be looked at while another process has it, which nobody else can open", async () => {
    const store = await open();
    await store.write(recordOf("a"), true);
    await expect(open()).rejects.toMatchObject({ kind: "busy" });
    const view = await StateView.open(folder, disk.connect());
    await store.write(recordOf("b"), true);
    const files = [];
    for await (const { file } of view.all()) files.push(file);
    expect(files).toEqual(["/card/a"]);
    expect(view.tally().described).toEqual({ files: 1, bytes: 10 });
    await view.close();
    await store.close();
  });

  it("takes nothing back that it noted when the disk refuses", async () => {
    const store = await open();
    await store.setNote("chain", { device: "D", sequence: 1, sha256: "a" }, true);
    disk.before = (call, path) => {
      if (call === "sync" && path.endsWith("journal")) throw Object.assign(new Error("EIO"), { code: "EIO" });
    };
    await expect(store.setNote("chain", { device: "D", sequence: 2, sha256: "b" }, true)).rejects.toMatchObject({
      kind: "again",
    });
    expect(store.note("chain")).toMatchObject({ sequence: 1 });
    expect(store.alarm).toMatch(/takes no more/);
    await expect(store.write(recordOf("a"), true)).rejects.toMatchObject({ kind: "again" });
    disk.before = () => undefined;
    await store.upkeep();
    expect(store.alarm).toBeNull();
    await store.write(recordOf("a"), true);
    disk.cutPower(() => 0);
    await store.close();
    const again = await open();
    expect(again.note("chain")).toMatchObject({ sequence: 1 });
    expect(await again.read(server, "/card/a")).not.toBeNull();
    await again.close();
  });
});
