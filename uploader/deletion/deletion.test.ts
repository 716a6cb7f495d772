import { createHash, generateKeyPairSync } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, readFile, rename, rm, stat, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import {
  type ArchiveKey,
  defaultDeviceSettings,
  ed25519JwkOf,
  jwkThumbprint,
  type Sha256Hex,
} from "../../lib/protocol/index.ts";
import { sampleReceipt } from "../../lib/testing/sample-receipt.ts";
import { Chain } from "../chain/chain.ts";
import { Figures } from "../delivery/figures.ts";
import type { World } from "../delivery/world.ts";
import { identityOf } from "../file-identity.ts";
import type { Identity } from "../identity/identity.ts";
import type { UploaderEvent } from "../report/events.ts";
import type { FileRecord } from "../state/file-record.ts";
import { StateStore } from "../state/state-store.ts";
import { Deletion, type DeletionSettings } from "./deletion.ts";

const hourMs = 3_600_000;
const server = "https://archive.test";
const key = generateKeyPairSync("ed25519").privateKey;
const sha256Of = (content: string) => createHash("sha256").update(content).digest("hex") as Sha256Hex; // 32 bytes

describe("Deletion", () => {
  let folder = "";
  let nowMs = 0;
  let store: StateStore;
  let identity: Identity;
  let keys: ArchiveKey[] = [];
  let events: UploaderEvent[] = [];
  let freeBytes = 0;
  /** Of another card, in a folder of its own. */
  let fullFreeBytes = 1e9;
  let settings: DeletionSettings;
  let chain: Chain | null = null;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "deletion-"));
    await mkdir(join(folder, "card"));
    [nowMs, keys, events, freeBytes, fullFreeBytes, chain] = [1000, [], [], 0, 1e9, null];
    settings = { ...defaultDeviceSettings.deletion, policy: "after_receipt", holdHours: 24 };
    const kid = jwkThumbprint(ed25519JwkOf(key));
    identity = {
      ...{ server, device: "D-3X9WT-5ZK1A", name: "Van", audience: server, kid, key, keys },
      ...{ state: "active", previous: null },
    };
    store = await openStore();
  });
  afterEach(async () => {
    await store.close();
    await rm(folder, { recursive: true, force: true });
  });

  const openStore = () => StateStore.open(join(folder, "state"), { monotonicMs: () => nowMs });
  const path = (name: string) => join(folder, "card", name);

  async function put(name: string, over: Partial<FileRecord> = {}, ageS = 0): Promise<FileRecord> {
    await writeFile(path(name), name);
    const at = new Date(Date.now() - 1_000_000 - ageS * 1000);
    await utimes(path(name), at, at);
    const record: FileRecord = {
      ...{ file: path(name), server, identity: identityOf(await stat(path(name))), sha256: sha256Of(name) },
      ...{ chunkSizeBytes: 400_000, mediaType: "video/mp4", class: "bulk", capturedFrom: null },
      ...{ sequence: null, manifestSha256: null, sidecars: [], uploadUrl: null, acknowledgedBytes: 0 },
      ...{
        recording: `R-${name.replaceAll(/\W/g, "-")}`,
        phase: "sealed",
        receiptedAtRunMs: null,
        foundAtRunMs: null,
        isDeleted: false,
        goneAtRunMs: null,
      },
      ...{ problem: null, retryAt: null, updatedAt: "", ...over },
    };
    await store.write(record, true);
    return record;
  }

  /** A file whose receipt is here since now. */
  async function sealed(name: string, over: Partial<FileRecord> = {}, ageS = 0, wrong = {}): Promise<void> {
    const record = await put(name, { receiptedAtRunMs: store.runMs, ...over }, ageS);
    const { recording, sha256, identity } = record;
    const said = { recording: recording ?? "", sha256, sizeBytes: identity.sizeBytes, ...wrong };
    const receipt = sampleReceipt(said);
    keys.push(...receipt.keys);
    await store.keepReceipt(recording ?? "", receipt.jws);
  }

  async function pass(inWork: string[] = []): Promise<Deletion> {
    const signal = new AbortController().signal;
    const report = (event: UploaderEvent) => void events.push(event);
    // As much of a world as deleting needs.
    const world = { store, identity, chain, figures: new Figures(), report, signal } as unknown as World;
    const deletion = new Deletion({
      world,
      settings: () => settings,
      claim: (file) => !inWork.includes(basename(file)),
      release: () => undefined,
      folders: [join(folder, "card"), join(folder, "card/full")],
      space: async (of) => ({ totalBytes: 1e9, freeBytes: of.endsWith("/full") ? fullFreeBytes : freeBytes }),
    });
    await deletion.pass();
    return deletion;
  }

  const left = (...names: string[]) => names.filter((name) => existsSync(path(name)));

  it("does nothing unless it is told to", async () => {
    await sealed("a.mp4");
    nowMs += 1e9;
    settings.policy = "never";
    await pass();
    expect(left("a.mp4")).toEqual(["a.mp4"]);
  });

  it("holds a file for as long as the uploader has run, whatever clocks say, and over restarts", async () => {
    await sealed("a.mp4");
    for (const ranMs of [hourMs * 12, hourMs * 11]) {
      nowMs += ranMs;
      await pass();
      expect(left("a.mp4")).toEqual(["a.mp4"]);
      // The monotonic clock begins anew with each start of the machine.
      await store.close();
      nowMs = 5;
      store = await openStore();
    }
    nowMs += hourMs + 1000;
    await pass();
    expect(left("a.mp4")).toEqual([]);
    expect(events).toMatchObject([{ event: "deleted", reason: "receipted" }]);
    expect(await store.read(server, path("a.mp4"))).toMatchObject({ isDeleted: true, phase: "sealed" });
    expect(await store.readReceipt("R-a-mp4")).not.toBeNull();
  });

  it("holds it longer when it is not known for how long the uploader has run", async () => {
    nowMs += hourMs * 100;
    await sealed("a.mp4");
    await store.close();
    // The journal's last word on that is lost; the receipt's own time is the least that it can be.
    const journal = join(folder, "state/journal");
    const lines = (await readFile(journal, "utf8")).split("\n").filter((line) => !line.includes('"notes"'));
    await writeFile(journal, lines.join("\n"));
    nowMs = 0;
    store = await openStore();
    await pass();
    expect(left("a.mp4")).toEqual(["a.mp4"]);
    nowMs += hourMs * 25;
    await pass();
    expect(left("a.mp4")).toEqual([]);
  });

  it("deletes nothing without a receipt for exactly its bytes by a key that is pinned", async () => {
    settings.holdHours = 0;
    await put("none.mp4");
    await put("lost.mp4", { receiptedAtRunMs: 0 });
    await sealed("stranger.mp4");
    keys.length = 0;
    // By keys that are pinned, so that nothing but what they say is wrong with them.
    await sealed("other.mp4", {}, 0, { sha256: sha256Of("x") });
    await sealed("short.mp4", {}, 0, { sizeBytes: 3 });
    await sealed("elsewhere.mp4", {}, 0, { recording: "R-7K2M4-0418Q" });
    await sealed("good.mp4");
    await pass();
    expect(left("none.mp4", "lost.mp4", "other.mp4", "short.mp4", "elsewhere.mp4", "stranger.mp4")).toHaveLength(6);
    expect(left("good.mp4")).toEqual([]);
  });

  it("looks at the file once more, and leaves another one under its name alone", async () => {
    settings.holdHours = 0;
    await sealed("a.mp4");
    await sealed("busy.mp4");
    await writeFile(path("new"), "another");
    await rename(path("new"), path("a.mp4"));
    await pass(["busy.mp4"]);
    expect(left("a.mp4", "busy.mp4")).toEqual(["a.mp4", "busy.mp4"]);
  });

  it("deletes nothing that was rewritten in place, with its size and time set as they were", async () => {
    settings.holdHours = 0;
    const { identity } = await put("a.mp4");
    await sealed("a.mp4");
    const { atime, mtime } = await stat(path("a.mp4"));
    await writeFile(path("a.mp4"), "A.mp4");
    await utimes(path("a.mp4"), atime, mtime);
    expect(identityOf(await stat(path("a.mp4")))).toMatchObject({ sizeBytes: 5, inode: identity.inode });
    await pass();
    expect(left("a.mp4")).toEqual(["a.mp4"]);
  });
  it("keeps copies while there is room, and lets the oldest go first, events last", async () => {
    settings = { ...settings, holdHours: 0, keepFreeBytes: 100 };
    await sealed("new.mp4", {}, 10);
    await sealed("event.mp4", { class: "event" }, 1000);
    await sealed("old.mp4", {}, 500);
    freeBytes = 100;
    await pass();
    expect(left("new.mp4", "event.mp4", "old.mp4")).toHaveLength(3);
    freeBytes = 99;
    await pass();
    expect(events.map((event) => "file" in event && event.file && basename(event.file))).toEqual([
      "old.mp4",
      "new.mp4",
      "event.mp4",
    ]);
  });

  it("makes room on the card that is full, also where the oldest lie on one that is not", async () => {
    settings = { ...settings, holdHours: 0, keepFreeBytes: 100, allowTombstones: true };
    await mkdir(path("full"));
    const stated: string[] = [];
    // As much of a chain as a statement needs.
    chain = { tombstone: async ({ file }: FileRecord) => void stated.push(basename(file)) } as unknown as Chain;
    await sealed("oldest.mp4", {}, 900);
    await sealed("full/old.mp4", {}, 500);
    await put("waits.mp4", { phase: "described", sequence: 1 }, 900);
    await put("full/waits-too.mp4", { phase: "described", sequence: 2 }, 500);
    [freeBytes, fullFreeBytes] = [100, 99];
    await pass();
    expect(left("oldest.mp4", "full/old.mp4", "waits.mp4", "full/waits-too.mp4")).toEqual(["oldest.mp4", "waits.mp4"]);
    expect(stated).toEqual(["waits-too.mp4"]);
  });
  it("keeps no more than its quota of bytes where there is one, tells what goes next, and counts nothing that is gone", async () => {
    settings = { ...settings, holdHours: 0, quotaBytes: 30 };
    for (const [name, ageS] of Object.entries({ "0000.mp4": 90, "1111.mp4": 80, "2222.mp4": 70 }))
      await sealed(name, {}, ageS);
    await sealed("3333.mp4", { class: "event" }, 99);
    await put("4444.mp4", { phase: "described" });
    const { view } = await pass();
    expect(left("0000.mp4", "1111.mp4", "2222.mp4", "3333.mp4", "4444.mp4")).toEqual([
      "2222.mp4",
      "3333.mp4",
      "4444.mp4",
    ]);
    expect(view).toMatchObject({ bytesHere: 24, quotaBytes: 30 });
    expect(view?.next.map(({ file }) => basename(file))).toEqual(["2222.mp4", "3333.mp4"]);
  });

  it("never loses what has not arrived to the quota because of what is held, and says when it alone is too much", async () => {
    settings = { ...settings, quotaBytes: 20, allowTombstones: true };
    for (const name of ["0000.mp4", "1111.mp4", "2222.mp4"]) await sealed(name);
    await put("3333.mp4", { phase: "described" });
    const { alarm, view } = await pass();
    expect(alarm).toBeNull();
    expect(view).toMatchObject({ bytesHere: 32, next: [] });
    for (const name of ["4444.mp4", "5555.mp4"]) await put(name, { phase: "sending" });
    expect((await pass()).alarm).toMatch(/^The quota is full of recordings .* nothing of them is deleted/);
    expect(left("0000.mp4", "1111.mp4", "2222.mp4", "3333.mp4", "4444.mp4", "5555.mp4")).toHaveLength(6);
  });

  it("reads what it deletes and what it tells, and nothing of ten thousand that wait or are held", async () => {
    settings = { ...settings, keepFreeBytes: 100 };
    const template = await put("a.mp4", { phase: "described" });
    const writes = Array.from({ length: 10_000 }, (_, at) => {
      const isHeld = at % 2 === 0;
      const state = isHeld ? { phase: "sealed" as const, receiptedAtRunMs: store.runMs } : {};
      return store.write({ ...template, ...state, file: path(`${at}.mp4`) }, false);
    });
    await Promise.all(writes);
    let reads = 0;
    const readByKey = store.readByKey.bind(store);
    store.readByKey = (key) => {
      reads += 1;
      return readByKey(key);
    };
    freeBytes = 100;
    await pass();
    expect(reads).toBeLessThan(10);
  });

  it("looks at what it could not delete once an hour, and not with each pass", async () => {
    settings.holdHours = 0;
    for (let at = 0; at < 40; at++) await sealed(`${at}.mp4`);
    // Of another archive, whose keys this device believes no more.
    const before = keys.splice(0);
    let reads = 0;
    const readByKey = store.readByKey.bind(store);
    store.readByKey = (key) => {
      reads += 1;
      return readByKey(key);
    };
    await pass();
    expect(reads).toBe(40);
    nowMs += hourMs / 2;
    await pass();
    expect(reads).toBe(40);
    nowMs += hourMs;
    keys.push(...before);
    await pass();
    expect(left("0.mp4", "39.mp4")).toEqual([]);
  });
  it("takes sidecars along that have arrived and are still what they were", async () => {
    settings.holdHours = 0;
    const sidecars = [];
    for (const [name, content, isDelivered] of [
      ["a.json", "{}", true],
      ["a.gpx", "<gpx>", false],
      ["a.vtt", "WEBVTT", true],
    ] as const) {
      await writeFile(path(name), content);
      const facts = { name, file: path(name), sizeBytes: content.length, sha256: sha256Of(content) };
      sidecars.push({ ...facts, isDelivered, isLeft: !isDelivered });
    }
    await sealed("a.mp4", { sidecars });
    await writeFile(path("a.vtt"), "WEBVTX");
    await pass();
    expect(left("a.mp4", "a.json", "a.gpx", "a.vtt")).toEqual(["a.gpx", "a.vtt"]);
  });

  it("takes the empty markers along, unless another recording may need them", async () => {
    for (const name of ["a.mp4", "b.mp4", "b.mkv", "c.mp4"]) await sealed(name);
    const markers = ["a.done", "a.mp4.event", "b.done", "c.done"];
    for (const name of markers) await writeFile(path(name), name.startsWith("c") ? "said something" : "");
    const { recording } = (await store.read(server, path("b.mkv"))) ?? {};
    await store.write({ ...(await put("b.mkv")), recording: recording ?? "" }, true);
    nowMs += 1e9;
    await pass();
    expect(left("a.mp4", "b.mp4", "b.mkv", "c.mp4", ...markers)).toEqual(["b.mkv", "b.done", "c.done"]);
  });

  it("brings a deletion that was killed half-way to its end, and gives its name back to another file", async () => {
    await sealed("a.mp4");
    await sealed("b.mp4");
    nowMs += 1e9;
    const aside = (name: string) => path(`.${name}.0123456789ab.sealed`);
    await rename(path("a.mp4"), aside("a.mp4"));
    await rm(path("b.mp4"));
    await writeFile(aside("b.mp4"), "another recording");
    await pass();
    expect(left("a.mp4", ".a.mp4.0123456789ab.sealed", ".b.mp4.0123456789ab.sealed")).toEqual([]);
    expect(await readFile(path("b.mp4"), "utf8")).toBe("another recording");
  });

  it("does not take a file for deleted that it cannot look at", async () => {
    await sealed("a.mp4");
    nowMs += 1e9;
    await rename(join(folder, "card"), join(folder, "away"));
    await writeFile(join(folder, "card"), "no folder");
    await pass();
    expect(await store.read(server, path("a.mp4"))).toMatchObject({ isDeleted: false });
  });

  it("deletes nothing of a disk that is full of recordings without receipts, and says so", async () => {
    settings = { ...settings, keepFreeBytes: 100 };
    await put("a.mp4", { phase: "described" });
    await put("b.mp4", { phase: "sending" });
    expect((await pass()).alarm).toMatch(/nothing of them is deleted/);
    expect(left("a.mp4", "b.mp4")).toHaveLength(2);
  });

  it("gives the oldest ordinary one up where that is allowed, with a signed statement that is durable first", async () => {
    settings = { ...settings, keepFreeBytes: 100, allowTombstones: true };
    chain = await Chain.open({ store, identity, clock: () => ({ source: "unknown" }), askHead: async () => null });
    const described = async (name: string, ageS: number, over: Partial<FileRecord> = {}) => {
      const chunks = { chunkSizeBytes: 400_000, chunkSha256: [sha256Of(name)] };
      const facts = {
        fileName: name,
        mediaType: "video/mp4",
        sizeBytes: name.length,
        sha256: sha256Of(name),
        ...chunks,
      };
      const link = await chain?.describe({ ...facts, complete: true });
      await put(name, { phase: "described", ...link, ...over }, ageS);
    };
    await described("event.mp4", 900, { class: "event" });
    await described("old.mp4", 500);
    await described("new.mp4", 10);
    const before = chain.tombstone.bind(chain);
    let wasThere = false;
    chain.tombstone = async (record, reason) => {
      wasThere = existsSync(record.file);
      await before(record, reason);
      freeBytes = 100;
    };
    await pass();
    expect(wasThere).toBe(true);
    expect(left("event.mp4", "old.mp4", "new.mp4")).toEqual(["event.mp4", "new.mp4"]);
    expect(chain.unsent).toEqual([4]);
    const statement = Buffer.from(((await chain.read(4)) ?? "").split(".")[1] ?? "", "base64url").toString();
    expect(JSON.parse(statement)).toMatchObject({ kind: "tombstone", reason: "evicted", of: { sequence: 2 } });
    expect(await store.read(server, path("old.mp4"))).toMatchObject({ phase: "gone" });
    freeBytes = 0;
    await pass();
    expect(left("event.mp4")).toEqual(["event.mp4"]);
  });
  it("gives nothing up that is on a card which is away, nor what is here for it", async () => {
    const stated: string[] = [];
    // As much of a chain as a statement needs.
    chain = { tombstone: async ({ file }: FileRecord) => void stated.push(basename(file)) } as unknown as Chain;
    settings = { ...settings, quotaBytes: 20, allowTombstones: true };
    const names = ["0000.mp4", "1111.mp4", "2222.mp4", "3333.mp4", "4444.mp4"];
    for (const [at, name] of names.entries()) await put(name, { phase: "described", sequence: at + 1 }, 100 - 10 * at);
    for (const name of names.slice(0, 3)) await rename(path(name), join(folder, name));
    await pass();
    settings = { ...settings, quotaBytes: null, keepFreeBytes: 100 };
    freeBytes = 100;
    await pass();
    expect(stated).toEqual([]);
    freeBytes = 0;
    await pass();
    expect(stated).toEqual(["3333.mp4", "4444.mp4"]);
  });
});
