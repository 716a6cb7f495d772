import { createHash, generateKeyPairSync } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { seededRandom } from "../../e2e/support/proxy.ts";
import {
  ed25519JwkOf,
  jwkThumbprint,
  manifestSha256,
  manifestType,
  readManifest,
  readStatement,
  type Sha256Hex,
  verifyJws,
} from "../../lib/protocol/index.ts";
import { readDrops } from "../finding/enqueue-drop.ts";
import type { Identity } from "../identity/identity.ts";
import type { FileRecord } from "../state/file-record.ts";
import { StateStore } from "../state/state-store.ts";
import { MemoryDisk } from "../testing/memory-disk.ts";
import { Chain, type ChainHead } from "./chain.ts";

const key = generateKeyPairSync("ed25519").privateKey;
const server = "https://archive.test";
const identity = makeIdentity(key);

function makeIdentity(signer: typeof key): Identity {
  const kid = jwkThumbprint(ed25519JwkOf(signer));
  const names = { server, device: "D-3X9WT-5ZK1A", name: "Van 12", audience: server, kid };
  return { ...names, key: signer, keys: [], state: "active", previous: null };
}

/** What the archive holds of a chain: it must never be told two things under one number. */
class ChainArchive {
  readonly links = new Map<number, { sha256: string; kind: "manifest" | "tombstone" | "gap"; of: number | null }>();
  readonly contents = new Map<string, number>();
  /** Numbers that came with two contents. */
  readonly forks: number[] = [];

  take(jws: string): void {
    const { header, payload } = verifyJws(jws, ed25519JwkOf(key));
    const sha256 = manifestSha256(payload);
    const isManifest = header.typ === manifestType;
    const link = isManifest ? readManifest(payload) : readStatement(payload);
    const before = this.links.get(link.sequence - 1);
    if (before !== undefined && before.sha256 !== link.previous) this.forks.push(link.sequence);
    const known = this.links.get(link.sequence);
    if (known !== undefined && known.sha256 !== sha256) this.forks.push(link.sequence);
    const kind = "kind" in link ? (link.kind as "tombstone" | "gap") : "manifest";
    const of = "of" in link ? (link.of as { sequence: number }).sequence : null;
    this.links.set(link.sequence, { sha256, kind, of });
    if (isManifest) this.contents.set((link as { sha256: string }).sha256, link.sequence);
  }

  get head(): ChainHead | null {
    const sequence = Math.max(0, ...this.links.keys());
    const link = this.links.get(sequence);
    return link === undefined ? null : { sequence, sha256: link.sha256 };
  }
}

const digestOf = (name: string) => createHash("sha256").update(name).digest("hex") as Sha256Hex; // 32 bytes

function factsOf(name: string) {
  const sha256 = digestOf(name);
  const chunks = { chunkSizeBytes: 400_000, chunkSha256: [sha256] };
  return { fileName: name, mediaType: "video/mp4", sizeBytes: 1000, sha256, ...chunks, complete: true };
}

function recordOf(name: string, link: { sequence: number; manifestSha256: Sha256Hex }): FileRecord {
  return {
    ...{ file: `/card/${name}`, server, identity: { sizeBytes: 1000, modifiedMs: 1, changedMs: 1, inode: 1 } },
    ...{ sha256: digestOf(name), chunkSizeBytes: 400_000, mediaType: "video/mp4", class: "bulk", capturedFrom: null },
    ...{ ...link, sidecars: [], uploadUrl: null, recording: null, acknowledgedBytes: 0, phase: "described" },
    ...{
      receiptedAtRunMs: null,
      isDeleted: false,
      foundAtRunMs: null,
      goneAtRunMs: null,
      problem: null,
      retryAt: null,
      updatedAt: "",
    },
  };
}

describe("Chain", () => {
  let folder = "";
  let disk = new MemoryDisk();
  let archive = new ChainArchive();
  const open: StateStore[] = [];

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "chain-"));
    disk = new MemoryDisk();
    archive = new ChainArchive();
  });
  afterEach(async () => {
    for (const store of open.splice(0)) await store.close();
    await rm(folder, { recursive: true, force: true });
  });

  /** Starts a process on the folder. */
  async function boot(asks = true, as = identity) {
    for (const store of open.splice(0)) await store.close();
    const store = await StateStore.open(folder, { disk: disk.connect() });
    open.push(store);
    const askHead = asks ? async () => archive.head : null;
    return { store, chain: await Chain.open({ store, identity: as, clock: () => ({ source: "unknown" }), askHead }) };
  }

  /** Describes a file as the uploader does. */
  async function describeOne({ store, chain }: Awaited<ReturnType<typeof boot>>, name: string): Promise<FileRecord> {
    const known = await store.read(server, `/card/${name}`);
    if (known !== null && known.phase !== "gone") return known;
    const link = chain.claim(digestOf(name), 1000) ?? (await chain.describe(factsOf(name)));
    const record = recordOf(name, link);
    await store.write(record, true);
    chain.adopted(link.sequence);
    return record;
  }

  async function announce({ chain }: Awaited<ReturnType<typeof boot>>, sequence: number): Promise<void> {
    const jws = await chain.read(sequence);
    if (jws !== null) archive.take(jws);
  }

  it("numbers from 1, names the link before, and goes on after a restart", async () => {
    let device = await boot();
    for (const name of ["a", "b"]) await announce(device, (await describeOne(device, name)).sequence ?? 0);
    device = await boot();
    await announce(device, (await describeOne(device, "c")).sequence ?? 0);
    expect([...archive.links.keys()]).toEqual([1, 2, 3]);
    expect(archive.forks).toEqual([]);
    expect(device.chain.head).toEqual(archive.head);
  });

  it("states what will not come, durably, until the archive has taken it", async () => {
    let device = await boot();
    const record = await describeOne(device, "a");
    await device.chain.tombstone(record, "vanished");
    disk.cutPower(() => 0);
    device = await boot();
    expect(device.chain.unsent).toEqual([2]);
    archive.take((await device.chain.read(2)) ?? "");
    await device.chain.sent(2);
    device = await boot();
    expect(device.chain.unsent).toEqual([]);
    expect(archive.links.get(2)).toMatchObject({ kind: "tombstone", of: 1 });
  });

  it("keeps no link that the archive has for good but the last one, however long it runs", async () => {
    let device = await boot();
    const links = () => disk.connect().list(`${folder}/manifests/${identity.device}`);
    for (const name of ["a", "b", "c"]) {
      const { sequence } = await describeOne(device, name);
      await device.chain.forget(sequence ?? 0);
    }
    await device.chain.gap("rear", "2026-03-14T10:00:00Z", "2026-03-14T10:01:00Z", "no signal");
    await device.chain.sent(4);
    expect(await links()).toEqual(["4.jws"]);
    const last = await describeOne(device, "d");
    expect(await links()).toEqual(["5.jws"]);
    device = await boot();
    expect(device.chain.head).toEqual({ sequence: last.sequence, sha256: last.manifestSha256 });
  });

  it("gives no number back to a file once both are forgotten, whatever the power takes along then", async () => {
    const first = await boot();
    const gone = await describeOne(first, "gone.mp4");
    await first.chain.tombstone(gone, "vanished");
    await describeOne(first, "next.mp4");
    await first.chain.forgetForGood([gone.sequence ?? 0]);
    await first.store.forget([gone]);
    // Something else of the journal is synced; names in folders that nobody synced are lost.
    await first.store.setNote("runMs", 1, true);
    disk.cutPower(() => 0);
    const { chain } = await boot();
    expect(chain.lost).toEqual([]);
    expect(chain.claim(digestOf("gone.mp4"), 1000)).toBeNull();
  });

  it("says so when a link that is to be forgotten stays, so that its record stays too", async () => {
    const device = await boot();
    const gone = await describeOne(device, "gone.mp4");
    await describeOne(device, "next.mp4");
    disk.before = (call) => {
      if (call === "remove") throw Object.assign(new Error("EIO: the medium"), { code: "EIO" });
    };
    await expect(device.chain.forgetForGood([gone.sequence ?? 0])).rejects.toThrow("EIO");
    disk.before = () => undefined;
    await device.chain.forgetForGood([gone.sequence ?? 0]);
    expect(await device.chain.read(gone.sequence ?? 0)).toBeNull();
  });

  it("contradicts the archive once and not with every file, when its folder was set back and it can ask", async () => {
    const device = await boot();
    await announce(device, (await describeOne(device, "a")).sequence ?? 0);
    archive.links.set(7, { sha256: digestOf("lost"), kind: "manifest", of: null });
    await device.chain.contradicted();
    expect(device.chain.unsent).toEqual([8]);
    archive.take((await device.chain.read(8)) ?? "");
    expect((await describeOne(device, "b")).sequence).toBe(9);
    expect(archive.forks).toEqual([]);
  });

  it("states a gap once that is noted twice, because whoever noted it was killed meanwhile", async () => {
    const gap = (from: string, reason = "no signal") =>
      device.chain.gap("rear", `2026-03-14T10:0${from}:00Z`, "2026-03-14T10:09:00Z", reason);
    let device = await boot();
    await gap("0");
    disk.cutPower(() => 0);
    device = await boot();
    await gap("0");
    expect(device.chain.unsent).toEqual([1]);
    await gap("1");
    await gap("1", "no camera");
    expect(device.chain.unsent).toEqual([1, 2, 3]);
  });

  it("describes anew what had not arrived when the device enrolled anew, and reads nothing out of old numbers", async () => {
    let device = await boot();
    const sealed = await describeOne(device, "sealed");
    await device.store.write({ ...sealed, phase: "sealed", recording: "R-1" }, true);
    await describeOne(device, "waits");
    await device.chain.gap("rear", "2026-03-14T10:00:00Z", "2026-03-14T10:01:00Z", "no signal");
    const enrolledAnew = { ...identity, device: "D-NEW00-00000" };
    archive = new ChainArchive();
    for (let start = 0; start < 2; start++) {
      device = await boot(true, enrolledAnew);
      expect(device.chain.unsent).toEqual([]);
      expect(await device.store.read(server, "/card/sealed")).toMatchObject({ phase: "sealed", sequence: null });
    }
    expect(await device.store.read(server, "/card/waits")).toBeNull();
    expect((await readDrops(folder, () => undefined)).map(({ path }) => path)).toEqual(["/card/waits"]);
    expect(await describeOne(device, "waits")).toMatchObject({ sequence: 1 });
    // What the new chain has begun is not left again.
    device = await boot(true, enrolledAnew);
    expect(await device.store.read(server, "/card/waits")).toMatchObject({ sequence: 1, phase: "described" });
  });

  it("removes a statement that was taken while it was the last link, after a restart too", async () => {
    let device = await boot();
    await device.chain.gap("rear", "2026-03-14T10:00:00Z", "2026-03-14T10:01:00Z", "no signal");
    await device.chain.sent(1);
    device = await boot();
    await describeOne(device, "a");
    device = await boot();
    expect(device.chain.unsent).toEqual([]);
    expect(await device.chain.read(1)).toBeNull();
  });

  it("sends a statement whatever call the power is cut at", async () => {
    let cut = true;
    for (let at = 1; cut; at++) {
      disk = new MemoryDisk();
      let device = await boot();
      let calls = at;
      cut = false;
      disk.before = () => {
        calls -= 1;
        if (calls !== 0) return;
        cut = true;
        disk.cutPower(() => 0);
      };
      await device.chain
        .gap("rear", "2026-03-14T10:00:00Z", "2026-03-14T10:01:00Z", "no signal")
        .catch(() => undefined);
      disk.before = () => undefined;
      device = await boot();
      expect(device.chain.unsent).toEqual((await device.chain.read(1)) === null ? [] : [1]);
    }
    expect(archive.forks).toEqual([]);
  });

  it("goes on from its links when the journal is gone, and gives every file the number that it had", async () => {
    let device = await boot();
    const numbers = new Map<string, number | null>();
    for (const name of ["a", "b", "c"]) numbers.set(name, (await describeOne(device, name)).sequence);
    await announce(device, 1);
    disk.damage(`${folder}/journal`, null);
    device = await boot();
    for (const name of ["c", "a", "b"]) expect((await describeOne(device, name)).sequence).toBe(numbers.get(name));
    expect((await describeOne(device, "d")).sequence).toBe(4);
    for (let number = 1; number <= 4; number++) await announce(device, number);
    expect(archive.forks).toEqual([]);
  });

  it("asks the archive when everything is gone, and goes on above with a word on it", async () => {
    let device = await boot();
    for (const name of ["a", "b"]) await announce(device, (await describeOne(device, name)).sequence ?? 0);
    disk = new MemoryDisk();
    device = await boot();
    expect((await describeOne(device, "c")).sequence).toBe(4);
    for (const number of [3, 4]) await announce(device, number);
    expect([...archive.links.values()].map(({ kind }) => kind)).toEqual(["manifest", "manifest", "gap", "manifest"]);
    expect(archive.forks).toEqual([]);
  });

  it("signs nothing before it knows where its chain goes on, and goes above what the archive knows", async () => {
    const device = await boot(false);
    await expect(describeOne(device, "a")).rejects.toMatchObject({ kind: "again" });
    await device.chain.seen(null);
    await device.chain.anchored;
    expect((await describeOne(device, "a")).sequence).toBe(1);
    // A copy of this card was further.
    await device.chain.seen({ sequence: 7, sha256: digestOf("other") });
    expect((await describeOne(device, "b")).sequence).toBe(9);
    await device.chain.seen({ sequence: 3, sha256: digestOf("older") });
    expect((await describeOne(device, "c")).sequence).toBe(10);
  });

  it("lets the old key sign below the first number of the new one, and the new one from there on", async () => {
    const next = generateKeyPairSync("ed25519").privateKey;
    const changed: Identity = {
      ...makeIdentity(next),
      previous: { kid: "", key, fromSequence: 2, isConfirmed: false },
    };
    const store = await StateStore.open(folder, { disk: disk.connect() });
    open.push(store);
    const chain = await Chain.open({
      ...{ store, identity: changed, clock: () => ({ source: "unknown" }) },
      askHead: async () => null,
    });
    await chain.describe(factsOf("a"));
    await chain.describe(factsOf("b"));
    const signed = async (sequence: number) => (await chain.read(sequence)) ?? "";
    expect(() => verifyJws("", key)).toThrow();
    expect(verifyJws(await signed(1), ed25519JwkOf(key)).payload.length).toBeGreaterThan(0);
    expect(verifyJws(await signed(2), ed25519JwkOf(next)).payload.length).toBeGreaterThan(0);
  });

  it("never gives a number two contents, whatever call the power is cut at and whatever is lost", async () => {
    for (let seed = 1; seed <= 40; seed++) {
      const files = await liveThrough(seed);
      expect(archive.forks).toEqual([]);
      for (const name of files) expect(archive.contents.has(digestOf(name))).toBe(true);
      // Every number is there, or a link that stands above it says that memory was lost.
      const numbers = [...archive.links.keys()];
      expect(numbers).toHaveLength(Math.max(...numbers));
    }
  });

  it("is seen to fail on a disk that lies about syncing", async () => {
    const forks = [];
    for (let seed = 1; seed <= 20; seed++) {
      await liveThrough(seed, true).catch(() => undefined);
      forks.push(...archive.forks);
    }
    expect(forks).not.toEqual([]);
  });

  /** Describes and announces through four power cuts. @returns the names of all files */
  async function liveThrough(seed: number, liesAboutSync = false): Promise<string[]> {
    const random = seededRandom(seed);
    disk = new MemoryDisk();
    disk.liesAboutSync = liesAboutSync;
    archive = new ChainArchive();
    const files: string[] = [];
    for (let start = 0; start < 5; start++) {
      const isLast = start === 4;
      let calls = isLast ? Number.POSITIVE_INFINITY : 1 + Math.floor(random() * 70);
      disk.before = () => {
        calls -= 1;
        if (calls === 0) disk.cutPower(random);
      };
      if (random() < 0.3) disk.damage(`${folder}/journal`, random() < 0.5 ? null : Buffer.alloc(4096));
      try {
        const device = await boot();
        for (let i = 0; i < 4; i++) files.push(`${seed}-${files.length}`);
        for (const name of files) {
          const record = await describeOne(device, name);
          if (random() < 0.3 && !isLast) continue;
          await announce(device, record.sequence ?? 0);
        }
        for (const number of device.chain.unsent) {
          archive.take((await device.chain.read(number)) ?? "");
          await device.chain.sent(number);
        }
      } catch (error) {
        if (isLast) throw error;
      }
      disk.before = () => undefined;
    }
    return files;
  }
});
