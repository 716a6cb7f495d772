import { beforeAll, describe, expect, test } from "vitest";
import type { Context, Database, Transaction } from "../context.ts";
import { recordEvent } from "../custody/index.ts";
import { ensureSigningKeys, publicKeys, rotateSigningKey } from "../keys/index.ts";
import {
  consistencyProof,
  entryBundle,
  leafHash,
  merkleRoot,
  nodesOf,
  noteKeysOf,
  openCheckpoint,
  parseCustodyLeaf,
  verifyConsistency,
  verifyTlogProof,
} from "../protocol/index.ts";
import { addLogEvents, expectCustodyEvent, factories, useTestDatabase, withTransaction } from "../testing/index.ts";
import { openVault } from "../vault.ts";
import { getCheckpoint, getTile, inspectLog, proveLeaves, sequenceLog } from "./index.ts";

const origin = "archive.example.org/api/log";

const leavesOf = (db: Database | Transaction) => db.logLeaf.findMany({ orderBy: { index: "asc" } });

describe("the custody log as a tree", () => {
  const world = useTestDatabase();
  const system = () => world().context();
  const noteKeys = async () => noteKeysOf(await publicKeys(world().db));

  beforeAll(async () => {
    await ensureSigningKeys(system(), origin);
  });

  test("every event enters it once, in order, under a checkpoint that the published key signed", async () => {
    const { db } = world();
    await addLogEvents(db, 599);
    expect(await sequenceLog(system())).toBe(601);
    expect(await sequenceLog(system())).toBe(0);
    const leaves = await leavesOf(db);
    expect(leaves.map((leaf) => leaf.index)).toEqual(leaves.map((_, index) => BigInt(index)));
    const events = await db.custodyEvent.findMany({ orderBy: { seq: "asc" } });
    expect(leaves.map((leaf) => leaf.seq)).toEqual(events.map((event) => event.seq));
    const nodes = nodesOf(leaves.map((leaf) => leafHash(leaf.leaf)));
    const checkpoint = openCheckpoint(await getCheckpoint(system()), await noteKeys());
    expect(checkpoint).toMatchObject({ origin, size: 601, root: merkleRoot(601, nodes) });
    expect(await db.logPending.count()).toBe(0);
  });

  test("a leaf tells what happened and to which thing, and nothing about a person", async () => {
    const { db } = world();
    const leaf = Buffer.from((await leavesOf(db)).at(-1)?.leaf ?? []).toString();
    expect(parseCustodyLeaf(leaf)).toMatchObject({
      at: "2026-06-01T08:00:00.123000Z",
      action: "upload.started",
      outcome: "done",
      actorKind: "device",
      recordingId: "R-00000-00000",
      requestId: null,
    });
    for (const word of ["Jane", "police", "1234", "198.51", "agent", "c0ffee", "D-00000"]) {
      expect(leaf).not.toContain(word);
    }
    // The same event twice: nothing shows that it is the same.
    const twin = Buffer.from((await leavesOf(db)).at(-2)?.leaf ?? []).toString();
    expect(parseCustodyLeaf(twin).committed.details).not.toBe(parseCustodyLeaf(leaf).committed.details);
  });

  test("proofs of leaves in full and partial tiles lead to the checkpoint, and to no other leaf", async () => {
    const { db } = world();
    const leaves = await leavesOf(db);
    const indices = [0, 255, 256, 511, 512, 600];
    const { proofs, size } = await proveLeaves(db, indices);
    expect(size).toBe(601);
    for (const index of indices) {
      const proof = proofs.get(index) ?? "";
      const hash = leafHash(leaves[index]?.leaf ?? new Uint8Array());
      expect(verifyTlogProof(proof, hash, await noteKeys())).toMatchObject({ index, checkpoint: { size: 601 } });
      const other = leafHash(leaves[index === 0 ? 1 : 0]?.leaf ?? new Uint8Array());
      expect(() => verifyTlogProof(proof, other, noteKeysOf([]))).toThrow("key that we know");
      const keys = await noteKeys();
      expect(() => verifyTlogProof(proof, other, keys)).toThrow("does not lead to the root");
    }
  });

  test("tiles are those of C2SP: hashes for everyone, entries for those who may read the log", async () => {
    const { db, context } = world();
    const nobody = context({ kind: "nobody" });
    const leaves = await leavesOf(db);
    const hashes = Buffer.concat(leaves.map((leaf) => leafHash(leaf.leaf)));
    expect(await getTile(nobody, "tile/0/000")).toEqual(hashes.subarray(0, 8192));
    expect(await getTile(nobody, "tile/0/002.p/89")).toEqual(hashes.subarray(512 * 32, 601 * 32));
    const nodes = nodesOf(leaves.map((leaf) => leafHash(leaf.leaf)));
    expect(await getTile(nobody, "tile/1/000.p/2")).toEqual(Buffer.concat([nodes(8, 0), nodes(8, 1)]));
    for (const path of [
      "tile/0/002",
      "tile/0/002.p/90",
      "tile/1/000.p/3",
      "tile/2/000.p/1",
      "tile/x",
      "../tile/0/000",
    ]) {
      await expect(getTile(nobody, path)).rejects.toMatchObject({ code: "not_found" });
    }
    const entries = "tile/entries/002.p/89";
    await expect(getTile(nobody, entries)).rejects.toMatchObject({ code: "unauthenticated" });
    const requester = context(await factories.makeRequester(db));
    await expect(getTile(requester, entries)).rejects.toMatchObject({ code: "forbidden" });
    const auditor = await factories.makeAuditor(db);
    expect(await getTile(context(auditor), entries)).toEqual(entryBundle(leaves.slice(512).map((leaf) => leaf.leaf)));
    await expectCustodyEvent(db, { action: "log.read", actorId: auditor.accountId, details: { kind: "entries" } });
  });

  test("many sequencers at once, beside many writers, put each event in once; each checkpoint begins the next", async () => {
    const { db } = world();
    const write = async () => {
      for (let n = 0; n < 8; n++) {
        await db.$transaction(async (tx) => recordEvent(system(), tx, { action: "log.read" }));
        await sequenceLog(system());
      }
    };
    await addLogEvents(db, 1500);
    await Promise.all([write(), write(), write(), sequenceLog(system())]);
    await sequenceLog(system());
    const leaves = await leavesOf(db);
    expect(leaves).toHaveLength(await db.custodyEvent.count());
    expect(new Set(leaves.map((leaf) => leaf.seq)).size).toBe(leaves.length);
    const nodes = nodesOf(leaves.map((leaf) => leafHash(leaf.leaf)));
    const keys = await noteKeys();
    const checkpoints = await db.logCheckpoint.findMany({ orderBy: { size: "asc" } });
    expect(checkpoints.length).toBeGreaterThan(3);
    let last = openCheckpoint(checkpoints[0]?.note ?? "", keys);
    for (const { note } of checkpoints.slice(1)) {
      const next = openCheckpoint(note, keys);
      const claim = { oldSize: last.size, oldRoot: last.root, size: next.size, root: next.root };
      expect(verifyConsistency(consistencyProof(last.size, next.size, nodes), claim)).toBe(true);
      last = next;
    }
    expect(last.size).toBe(leaves.length);
    expect((await inspectLog(system(), { onProblem: () => undefined })).problems).toBe(0);
  });

  test("cut off at any step, it has done nothing, and the next one does all of it", async () => {
    const { db } = world();
    await addLogEvents(db, 300);
    const before = await db.logLeaf.count();
    let steps = 0;
    for (; ; steps++) {
      const done = await sequenceLog(failingAt(system(), steps)).catch(() => null); // it fails where it was told to
      if (done !== null) break;
      expect(await db.logLeaf.count()).toBe(before);
      expect(await db.logPending.count()).toBe(300);
    }
    expect(steps).toBeGreaterThan(8);
    expect(await db.logLeaf.count()).toBe(before + 300);
    expect((await inspectLog(system(), { onProblem: () => undefined })).problems).toBe(0);
  });

  test("a rotated key signs from then on, and what the old one signed stays valid", async () => {
    const { db, context } = world();
    const old = await getCheckpoint(system());
    const [oldKey] = (await publicKeys(db)).filter((key) => key.purpose === "log");
    const admin = await factories.makeAdmin(db);
    await expect(rotateSigningKey(context(await factories.makeOfficer(db)), { purpose: "log" })).rejects.toMatchObject({
      code: "forbidden",
    });
    const { kid } = await rotateSigningKey(context(admin), { purpose: "log" });
    await expectCustodyEvent(db, {
      action: "key.rotated",
      actorId: admin.accountId,
      details: { purpose: "log", kid, retiredKid: oldKey?.kid },
    });
    await sequenceLog(system());
    const keys = await noteKeys();
    expect(openCheckpoint(old, keys).signedBy.jwk).toEqual(oldKey?.jwk);
    expect(openCheckpoint(await getCheckpoint(system()), keys).signedBy.jwk).not.toEqual(oldKey?.jwk);
    const retired = await db.signingKey.findUniqueOrThrow({ where: { kid: oldKey?.kid ?? "" } });
    expect(retired).toMatchObject({ encryptedPrivateKey: null, retiredAt: world().clock.now() });
  });

  test("under another AUTH_SECRET nothing starts, nothing is signed, and no key is made", async () => {
    const { db } = world();
    const wrong = { ...system(), vault: openVault("another secret, as after a move without it") };
    const keys = await db.signingKey.count();
    await addLogEvents(db, 1);
    await expect(ensureSigningKeys(wrong, origin)).rejects.toThrow("AUTH_SECRET");
    await expect(sequenceLog(wrong)).rejects.toThrow("AUTH_SECRET");
    expect(await db.logPending.count()).toBe(1);
    await expect(rotateSigningKey(wrong, { purpose: "log" })).rejects.toMatchObject({ code: "state_conflict" });
    expect(await db.signingKey.count()).toBe(keys);
    await rotateSigningKey(wrong, { purpose: "log", isLost: true });
    expect(await sequenceLog(wrong)).toBeGreaterThan(0);
    await rotateSigningKey(system(), { purpose: "log", isLost: true });
  });
});

/** A context whose transactions fail at their n-th call to the database. */
function failingAt(ctx: Context, step: number): Context {
  let calls = 0;
  const watch = <T extends object>(target: T): T =>
    new Proxy(target, {
      get(object, name) {
        const value = Reflect.get(object, name);
        if (typeof value === "function")
          return (...args: unknown[]) => {
            if (calls++ === step) throw new Error(`cut off at step ${step}`);
            return value.apply(object, args);
          };
        return typeof value === "object" && value !== null ? watch(value) : value;
      },
    });
  const $transaction = (run: (tx: Transaction) => Promise<unknown>) => ctx.db.$transaction((tx) => run(watch(tx)));
  return { ...ctx, db: withTransaction(ctx.db, $transaction) };
}
