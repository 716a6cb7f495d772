import { createHash } from "node:crypto";
import { mkdir, mkdtemp, rename, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { seededRandom } from "../../e2e/support/proxy.ts";
import type { Sha256Hex } from "../../lib/protocol/index.ts";
import { Figures } from "../delivery/figures.ts";
import type { World } from "../delivery/world.ts";
import { identityOf } from "../file-identity.ts";
import type { FileRecord } from "../state/file-record.ts";
import { ReceiptFolder } from "../state/receipt-folder.ts";
import { StateStore } from "../state/state-store.ts";
import { MemoryDisk } from "../testing/memory-disk.ts";
import { Forgetting } from "./forgetting.ts";

const dayMs = 86_400_000;
const server = "https://archive.test";

describe("Forgetting", () => {
  let folder = "";
  let disk = new MemoryDisk();
  let nowMs = 0;
  let store: StateStore;
  let stated: string[] = [];
  let unlinked: number[] = [];
  let head = 0;
  let inWork: string[] = [];

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "forgetting-"));
    await mkdir(join(folder, "card"));
    disk = new MemoryDisk();
    [nowMs, stated, unlinked, head, inWork] = [1000, [], [], 0, []];
    store = await openStore();
  });
  afterEach(async () => {
    await store.close();
    await rm(folder, { recursive: true, force: true });
  });

  const stateFolder = () => join(folder, "state");
  const openStore = () => StateStore.open(stateFolder(), { disk: disk.connect(), monotonicMs: () => nowMs });
  const path = (name: string) => join(folder, "card", name);
  async function remembered(): Promise<string[]> {
    const names: string[] = [];
    for await (const { file } of store.all()) names.push(basename(file));
    return names.sort();
  }

  async function put(name: string, over: Partial<FileRecord> = {}): Promise<FileRecord> {
    await mkdir(dirname(path(name)), { recursive: true });
    await writeFile(path(name), name);
    const recording = `R-${name.replaceAll(/\W/g, "-")}`;
    const record: FileRecord = {
      ...{ file: path(name), server, identity: identityOf(await stat(path(name))) },
      ...{ sha256: createHash("sha256").update(name).digest("hex") as Sha256Hex, manifestSha256: null }, // 32 bytes
      ...{ chunkSizeBytes: 400_000, mediaType: "video/mp4", class: "bulk", capturedFrom: null, sequence: null },
      ...{ sidecars: [], uploadUrl: `${server}/api/uploads/${name}`, recording, acknowledgedBytes: 10 },
      ...{ phase: "sealed", receiptedAtRunMs: 1, isDeleted: false, foundAtRunMs: null, goneAtRunMs: null },
      ...{ problem: null, retryAt: null, updatedAt: "", ...over },
    };
    await store.write(record, true);
    if (record.receiptedAtRunMs !== null) await store.keepReceipt(recording, `receipt of ${name}`);
    return record;
  }

  /** A life of a daemon: what a look at the folders does, and then the pass. */
  function life(keepDays = 30): () => Promise<void> {
    const tombstone = async ({ file }: FileRecord) => void stated.push(file);
    const forgetForGood = async (sequences: number[]) => void unlinked.push(...sequences);
    const chain = { tombstone, forgetForGood, head: { sequence: head, sha256: "" } };
    const signal = new AbortController().signal;
    let sawCard = false;
    // As much of a world as forgetting needs.
    const world = { store, archive: { server }, chain, figures: new Figures(), signal } as unknown as World;
    const forgetting = new Forgetting({
      ...{ world, keepMs: keepDays * dayMs, monotonicMs: () => nowMs },
      isAway: (file) => (file.startsWith(join(folder, "card/")) ? !sawCard : null),
      claim: (file) => !inWork.includes(file),
      release: () => undefined,
    });
    return async () => {
      sawCard = false;
      for await (const { file } of store.all()) {
        const stats = await stat(file).catch(() => null);
        if (stats === null) continue;
        store.phaseOf(server, file, identityOf(stats));
        sawCard = true;
      }
      await forgetting.pass();
      nowMs += dayMs;
    };
  }

  /** Every receipt that is anywhere: by itself, or in a pack. */
  async function receipts(): Promise<Set<string>> {
    const found = new Set<string>();
    const kept = new ReceiptFolder(disk.connect(), stateFolder());
    for (const number of await kept.packNumbers())
      for (const line of (await kept.readPack(number)) ?? []) found.add(line.trim().split(" ").slice(1).join(" "));
    for (const name of await disk.connect().list(join(stateFolder(), "receipts")))
      if (name.endsWith(".jws"))
        found.add((disk.content(join(stateFolder(), "receipts", name)) ?? "").toString().trim());
    return found;
  }

  it("keeps a trace of what is gone, forgets it after its time, and never what is still on the disk", async () => {
    await put("here.mp4");
    await put("gone.mp4", { isDeleted: true });
    await put("day/pruned.mp4");
    await put("waits.mp4", { phase: "described", receiptedAtRunMs: null });
    await put("taken.mp4");
    for (const name of ["gone.mp4", "day", "waits.mp4", "taken.mp4"]) await rm(path(name), { recursive: true });
    inWork = [path("taken.mp4")];
    const pass = life();
    for (let day = 0; day < 30; day++) await pass();
    expect(await remembered()).toEqual(["gone.mp4", "here.mp4", "pruned.mp4", "taken.mp4", "waits.mp4"]);
    expect(await store.read(server, path("gone.mp4"))).toMatchObject({ uploadUrl: null, recording: "R-gone-mp4" });
    expect([await store.readReceipt("R-here-mp4"), await store.readReceipt("R-gone-mp4")]).toEqual([
      "receipt of here.mp4",
      null,
    ]);
    await pass();
    await pass();
    expect(await remembered()).toEqual(["here.mp4", "taken.mp4", "waits.mp4"]);
    expect([...(await receipts())].filter((receipt) => /gone|pruned/.test(receipt))).toHaveLength(2);
    expect(store.note("forgotten")).toBe(2);
  });

  it("takes a card that is away for away, and a file that came back for here", async () => {
    await put("a.mp4");
    await rename(join(folder, "card"), join(folder, "away"));
    const pass = life(0);
    await pass();
    expect(await store.read(server, path("a.mp4"))).toMatchObject({ goneAtRunMs: null });
    // Where it was mounted, an empty folder is left; and its turn to be deleted has come meanwhile.
    await mkdir(join(folder, "card"));
    await put("b.mp4", { isDeleted: true });
    await rename(path("b.mp4"), join(folder, "away/b.mp4"));
    await pass();
    expect(await store.read(server, path("a.mp4"))).toMatchObject({ goneAtRunMs: null });
    expect(await store.read(server, path("b.mp4"))).toMatchObject({ goneAtRunMs: null });
    // Its turn to be forgotten, and it is back at the last moment.
    await store.leaveTraces([(await store.read(server, path("a.mp4"))) as FileRecord]);
    await rm(join(folder, "card"), { recursive: true });
    await rename(join(folder, "away"), join(folder, "card"));
    await pass();
    expect(await remembered()).toEqual(["a.mp4", "b.mp4"]);
  });

  it("forgets in time what lies in no watched folder, once it is deleted or its folder is there without it", async () => {
    await mkdir(join(folder, "usb"));
    const usb = { file: join(folder, "usb/a.mp4") };
    const template = await put("here.mp4");
    await store.write({ ...template, ...usb, recording: "R-a" }, true);
    await store.write({ ...template, file: join(folder, "day/b.mp4"), recording: "R-b", isDeleted: true }, true);
    await store.write({ ...template, file: join(folder, "day/c.mp4"), recording: "R-c" }, true);
    const pass = life(0);
    await pass();
    await pass();
    expect(await remembered()).toEqual(["c.mp4", "here.mp4"]);
  });

  it("keeps the record of the chain's last link, and states that a refused file which is gone will not come", async () => {
    await put("last.mp4", { sequence: 9, isDeleted: true });
    await put("refused.mp4", { sequence: 8, phase: "refused", receiptedAtRunMs: null });
    for (const name of ["last.mp4", "refused.mp4"]) await rm(path(name));
    await put("here.mp4");
    head = 9;
    const pass = life(0);
    await pass();
    await pass();
    expect(stated).toEqual([path("refused.mp4")]);
    expect(await remembered()).toEqual(["here.mp4", "last.mp4"]);
    expect(unlinked).toEqual([8]);
  });

  it("leaves a receipt where it is for another file of the same content that is here", async () => {
    const one = await put("one.mp4", { isDeleted: true });
    await rm(path("one.mp4"));
    await put("copy.mp4", { sha256: one.sha256, recording: one.recording });
    const pass = life(1);
    for (let day = 0; day < 3; day++) await pass();
    expect(await remembered()).toEqual(["copy.mp4"]);
    expect(await store.readReceipt("R-one-mp4")).toBe("receipt of one.mp4");
  });
  it("stays small over years, whatever is not deleted in time", async () => {
    const most = 100;
    for (let day = 0; day < 20; day++) {
      const records: FileRecord[] = [];
      for (let at = 0; at < 25; at++) {
        const name = `${day}-${at}.mp4`;
        const identity = { sizeBytes: 10, modifiedMs: at, changedMs: day, inode: at };
        const record = { ...(await put("one.mp4", { receiptedAtRunMs: null })), file: path(name), identity };
        await store.write(record, false);
        records.push(record);
      }
      await store.leaveTraces(records);
      const old = await Promise.all(store.oldTraces(-1, most).map((key) => store.readByKey(key)));
      await store.forget(old.filter((record) => record !== null));
      nowMs += dayMs;
    }
    expect((await remembered()).filter((name) => name !== "one.mp4")).toHaveLength(most);
    expect(disk.content(join(stateFolder(), "journal"))?.length).toBeLessThan(350_000);
  });

  it("loses no receipt, no file that is here and no note, whatever call the power is cut at", async () => {
    for (let end = 1; ; end++) {
      disk = new MemoryDisk();
      await store.close();
      nowMs = 1000;
      store = await openStore();
      const names = Array.from({ length: 4 }, (_, at) => `${at}.mp4`);
      for (const name of names) await put(name, name < "2" ? { isDeleted: true } : {});
      for (const name of names) if (name < "2") await rm(path(name), { force: true });
      await store.setNote("chain", { device: "D", sequence: 7, sha256: "x" }, true);
      const random = seededRandom(end);
      let calls = 0;
      disk.before = () => {
        calls += 1;
        if (calls === end) disk.cutPower(random);
      };
      const pass = life(1);
      for (let day = 0; day < 3; day++) await pass().catch(() => undefined);
      disk.before = () => undefined;
      await store.close();
      store = await openStore();
      expect(store.note("chain"), `after call ${end}`).toMatchObject({ sequence: 7 });
      expect((await receipts()).size, `after call ${end}`).toBe(4);
      // The next life brings it to its end.
      const next = life(1);
      for (let day = 0; day < 3; day++) await next();
      expect(await remembered(), `after call ${end}`).toEqual(["2.mp4", "3.mp4"]);
      expect((await receipts()).size, `after call ${end}`).toBe(4);
      if (calls < end) break;
    }
  });
});

it("fills packs up, begins another one when it is full, and passes over one that is damaged", async () => {
  const disk = new MemoryDisk();
  const kept = new ReceiptFolder(disk.connect(), "/state");
  const names = Array.from({ length: 1100 }, (_, at) => `R-${at}`);
  for (const name of names) await kept.keep(name, `receipt ${name}`);
  await kept.pack(names.slice(0, 300));
  await kept.pack(names.slice(200, 1100));
  const sizes = await Promise.all(
    (await kept.packNumbers()).map(async (number) => (await kept.readPack(number))?.length),
  );
  expect(sizes).toEqual([500, 500, 100]);
  const last = (await kept.packNumbers()).at(-1) ?? 0;
  disk.damage(`/state/receipts/packed/${String(last).padStart(8, "0")}.gz`, Buffer.from("no gzip"));
  await kept.pack(["R-1"]);
  expect(await kept.readPack(last)).toBeNull();
  expect(await kept.readPack(last + 1)).toEqual(["R-1 receipt R-1\n"]);
});
