import { createHash, generateKeyPairSync } from "node:crypto";
import { appendFile, mkdtemp, open, rm, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { defaultDeviceSettings } from "../../lib/protocol/index.ts";
import { Chain } from "../chain/chain.ts";
import { identityOf } from "../file-identity.ts";
import { PatchSize } from "../http/patch-size.ts";
import type { Answer, TransportRequest } from "../http/transport.ts";
import { ArchiveClock } from "../identity/archive-clock.ts";
import type { Identity } from "../identity/identity.ts";
import type { ReadyFile } from "../ready-file.ts";
import { StateStore } from "../state/state-store.ts";
import { rememberFailure } from "./deliver.ts";
import { describeFile } from "./describe-file.ts";
import { Figures } from "./figures.ts";
import { RecordKeeper } from "./record-keeper.ts";
import { sendFile } from "./send-file.ts";
import type { World } from "./world.ts";

const server = "https://archive.test";
const key = generateKeyPairSync("ed25519").privateKey;
const sizeBytes = 900_000;

/** An archive that compares chunks, and moves an upload whose chunk is wrong in its middle to another address. */
class ChunkArchive {
  readonly server = server;
  readonly patchSize = new PatchSize();
  readonly announced: string[] = [];
  readonly seen: string[] = [];
  address = 0;
  place = "first";
  offset = 0;
  /** So many HEADs find no upload. */
  missing = 0;
  /** So many PATCHes find a wrong chunk. */
  mismatches = 0;

  async announce(jws: string) {
    this.announced.push(jws);
    const upload = `${server}/api/uploads/U-${this.address}`;
    const view = { recording: "R-1", state: "receiving", upload, offsetBytes: this.offset, sizeBytes };
    return { ...view, manifestSha256: "", sequence: 1, chain: this.place };
  }

  async send({ method, url, body }: TransportRequest): Promise<Answer> {
    this.seen.push(`${method} ${url.split("/").at(-1)}`);
    const head = { "upload-offset": String(this.offset), "upload-length": String(sizeBytes) };
    if (method === "HEAD" && this.missing-- > 0) return { status: 404, headers: {}, body: "" };
    if (method === "HEAD") return { status: 200, headers: head, body: "" };
    if (this.mismatches-- > 0) {
      this.address += 1;
      const code = { code: "chunk_mismatch", title: "A chunk is not what the manifest says", status: 460 };
      return { status: 460, headers: {}, body: JSON.stringify(code) };
    }
    this.offset += body?.sizeBytes ?? 0;
    return { status: 204, headers: { "upload-offset": String(this.offset) }, body: "" };
  }
}

describe("sendFile with a manifest", () => {
  let folder = "";
  let store: StateStore;
  let chain: Chain;
  let archive = new ChunkArchive();
  let world: World;
  let ready: ReadyFile;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "send-"));
    const path = join(folder, "rear.mp4");
    await writeFile(path, Buffer.alloc(sizeBytes, 7));
    const identity: Identity = {
      ...{ server, device: "D-3X9WT-5ZK1A", name: "Van", audience: server, kid: "", key, keys: [] },
      ...{ state: "active", previous: null },
    };
    store = await StateStore.open(join(folder, "state"));
    chain = await Chain.open({ store, identity, clock: () => ({ source: "unknown" }), askHead: async () => null });
    archive = new ChunkArchive();
    const patience = { firstDelayMs: 1, maxDelayMs: 1, giveUpAfterMs: 5000 };
    const settings = {
      capture: new Map(),
      chunkSizeBytes: 400_000,
      patience,
      deletion: defaultDeviceSettings.deletion,
    };
    // As much of a world as sending needs.
    world = {
      ...{ archive, store, chain, identity, settings, figures: new Figures(), clock: new ArchiveClock() },
      ...{ report: () => undefined, letsGo: () => false, signal: new AbortController().signal },
    } as unknown as World;
    const handle = await open(path, "r");
    const times = { createdAt: null, durationMs: null };
    const container = { mediaType: "video/mp4", isComplete: true, missing: null, damage: null, ...times };
    ready = { path, handle, identity: identityOf(await handle.stat()), container };
  });
  afterEach(async () => {
    await ready.handle.close();
    await store.close();
    await rm(folder, { recursive: true, force: true });
  });

  const keeperOf = async () => new RecordKeeper(store, await describeFile(ready, world));

  it("announces the manifest, and nothing else, and sends to the address that it is given", async () => {
    const keeper = await keeperOf();
    expect(await sendFile(ready, keeper, world)).toBe("delivered");
    expect(archive.announced).toEqual([await chain.read(1)]);
    expect(keeper.record).toMatchObject({ phase: "delivered", recording: "R-1", sequence: 1 });
    expect(archive.offset).toBe(sizeBytes);
    expect(world.figures).toMatchObject({ sentBytes: sizeBytes, resentBytes: 0 });
  });

  it("reads each byte once for all its digests, and signs nothing for a file that changes meanwhile", async () => {
    const { handle } = ready;
    const read = vi.spyOn(handle, "read");
    const bytesRead = async () => {
      const reads = await Promise.all(read.mock.results.map(({ value }) => value as Promise<{ bytesRead: number }>));
      return reads.reduce((sum, one) => sum + one.bytesRead, 0);
    };
    read.mockImplementationOnce(async (...args: unknown[]) => {
      await appendFile(ready.path, "more");
      return (Object.getPrototypeOf(handle).read as (...all: unknown[]) => never).apply(handle, args);
    });
    await expect(describeFile(ready, world)).rejects.toMatchObject({ kind: "changed" });
    expect(chain.head).toBeNull();
    await truncate(ready.path, sizeBytes);
    ready.identity = identityOf(await handle.stat());
    read.mockClear();
    expect(await describeFile(ready, world)).toMatchObject({ sequence: 1 });
    expect(await bytesRead()).toBe(sizeBytes);
  });

  it("sends a file whose number the archive knows otherwise, and asks where the chain goes on", async () => {
    archive.place = "fork";
    const asked = vi.spyOn(chain, "contradicted");
    expect(await sendFile(ready, await keeperOf(), world)).toBe("delivered");
    expect(asked).toHaveBeenCalledOnce();
  });

  it("goes on at the new address when a chunk was spoilt on the way", async () => {
    archive.mismatches = 1;
    const keeper = await keeperOf();
    expect(await sendFile(ready, keeper, world)).toBe("delivered");
    // The same manifest again: no second number for the same file.
    expect(new Set(archive.announced).size).toBe(1);
    expect(archive.announced).toHaveLength(2);
    expect(archive.seen.at(-1)).toBe("PATCH U-1");
    expect(chain.head?.sequence).toBe(1);
    expect(world.figures.retries).toEqual({ chunk_mismatch: 1 });
  });

  it("waits longer each time when upload after upload is gone", async () => {
    archive.missing = 6;
    const attempts: number[] = [];
    world.report = (event) => void (event.event === "retry" && attempts.push(event.attempt));
    expect(await sendFile(ready, await keeperOf(), world)).toBe("delivered");
    expect(attempts).toEqual([1, 1, 2, 3, 4, 5]);
  });

  it("states that a file will not come which is not what its manifest says, and gives its successor another number", async () => {
    archive.mismatches = 1;
    const keeper = await keeperOf();
    await writeFile(ready.path, Buffer.alloc(sizeBytes, 8));
    ready.identity = identityOf(await ready.handle.stat());
    await keeper.save({ identity: ready.identity });
    const problem = await sendFile(ready, keeper, world).catch((error: unknown) => error);
    expect(problem).toMatchObject({ kind: "changed" });
    await rememberFailure(keeper, problem, world);
    expect(chain.unsent).toEqual([2]);
    expect(await store.read(server, ready.path)).toMatchObject({ phase: "gone" });
    const next = await describeFile(ready, world);
    expect(next).toMatchObject({ sequence: 3, phase: "described" });
    expect(next.sha256).toBe(createHash("sha256").update(Buffer.alloc(sizeBytes, 8)).digest("hex"));
  });

  it("states that a file will not come which became another between two looks, before it signs that one", async () => {
    await keeperOf();
    await writeFile(ready.path, Buffer.alloc(sizeBytes, 8));
    ready.identity = identityOf(await ready.handle.stat());
    expect(await describeFile(ready, world)).toMatchObject({ sequence: 3, phase: "described" });
    expect(chain.unsent).toEqual([2]);
    const statement = Buffer.from(((await chain.read(2)) ?? "").split(".")[1] ?? "", "base64url").toString();
    expect(JSON.parse(statement)).toMatchObject({ kind: "tombstone", reason: "changed", of: { sequence: 1 } });
  });

  it("gives a number up in words whose manifest is lost, and never signs it again", async () => {
    const keeper = await keeperOf();
    await chain.describe({
      ...{ fileName: "b.mp4", mediaType: "video/mp4", sizeBytes: 0, chunkSizeBytes: 400_000, chunkSha256: [] },
      ...{ sha256: createHash("sha256").digest("hex"), complete: true },
    });
    await chain.forget(1);
    const problem = await sendFile(ready, keeper, world).catch((error: unknown) => error);
    expect(problem).toMatchObject({ kind: "changed", code: "manifest_lost" });
    await rememberFailure(keeper, problem, world);
    const statement = Buffer.from(((await chain.read(3)) ?? "").split(".")[1] ?? "", "base64url").toString();
    expect(JSON.parse(statement)).toMatchObject({ kind: "tombstone", reason: "discarded", of: { sequence: 1 } });
    expect((await describeFile(ready, world)).sequence).toBe(4);
  });

  it("stops between two PATCHes for others, and goes on from there", async () => {
    const keeper = await keeperOf();
    let asked = 0;
    const control = { fileClass: "bulk" as const, shouldYield: () => ++asked > 3 };
    expect(await sendFile(ready, keeper, world, control)).toBe("yielded");
    const before = archive.offset;
    expect(before).toBeGreaterThan(0);
    expect(before).toBeLessThan(sizeBytes);
    expect(keeper.record).toMatchObject({ phase: "sending", acknowledgedBytes: before });
    expect(await sendFile(ready, keeper, world)).toBe("delivered");
    expect(archive.announced).toHaveLength(1);
  });
});
