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
  tilePath,
  verifyConsistency,
  verifyTlogProof,
} from "../protocol/index.ts";
import { expectCustodyEvent, factories, useTestDatabase } from "../testing/index.ts";
import { openVault } from "../vault.ts";
import { getCheckpoint, getTile, inspectLog, type LogProblem, proveLeaves, sequenceLog, verifyLog } from "./index.ts";

const origin = "archive.example.org/api/log";

/** Events as they come when nobody looks: many at once. */
async function addEvents(db: Database, count: number): Promise<void> {
  const event = {
    at: new Date("2026-06-01T08:00:00.123Z"),
    action: "upload.started",
    actorKind: "device" as const,
    actorId: "D-00000-00000",
    actorName: "Van 12 of Jane Roe",
    recordingId: "R-00000-00000",
    purpose: "for the police",
    details: { note: "plate 1234 ABC" },
    fromAddress: "198.51.100.7",
    userAgent: "agent of Jane",
    correlationId: "c0ffee",
  };
  await db.custodyEvent.createMany({ data: Array.from({ length: count }, () => event) });
}

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
    await addEvents(db, 599);
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
    await addEvents(db, 1500);
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
    await addEvents(db, 300);
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
    await addEvents(db, 1);
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

describe("verifying the custody log", () => {
  const world = useTestDatabase();
  const system = () => world().context();

  beforeAll(async () => {
    await ensureSigningKeys(system(), origin);
    await addEvents(world().db, 298);
    await sequenceLog(system());
    await addEvents(world().db, 10);
    await sequenceLog(system());
  });

  /** Does what only somebody with the database in their hands can do, verifies, and takes it back. */
  async function problemsAfter(...statements: string[]): Promise<string[]> {
    const found: LogProblem[] = [];
    const undo = new Error("undo");
    const planted = world().db.$transaction(
      async (tx) => {
        for (const table of ["custody_event", "log_leaf", "log_tile", "log_checkpoint"])
          await tx.$executeRawUnsafe(`ALTER TABLE ${table} DISABLE TRIGGER ALL`);
        for (const statement of statements) await tx.$executeRawUnsafe(statement);
        await inspectLog({ ...system(), db: tx as Database }, { onProblem: (problem) => found.push(problem) });
        throw undo;
      },
      { timeout: 60_000 },
    );
    await expect(planted).rejects.toBe(undo);
    return found.map(({ code, subject }) => `${code} ${subject}`);
  }
  const seqOf = async (index: number) =>
    (await world().db.logLeaf.findUniqueOrThrow({ where: { index: BigInt(index) } })).seq;

  test("finds nothing where nothing is wrong, and custody keeps that it looked", async () => {
    const { db } = world();
    expect(await problemsAfter()).toEqual([]);
    const checkpoint = await getCheckpoint(system());
    const report = await verifyLog(system(), { onProblem: () => undefined, checkpoint });
    expect(report).toMatchObject({ problems: 0, checkpoints: 2, size: openCheckpointSize(checkpoint) });
    await expectCustodyEvent(db, { action: "log.verified", outcome: "done", details: { problems: 0 } });
    const person = world().context(await factories.makeAdmin(db));
    await expect(verifyLog(person, { onProblem: () => undefined })).rejects.toMatchObject({ code: "forbidden" });
    await sequenceLog(system());
  });

  test("names an event that was changed, in what is clear and in what is committed", async () => {
    const seq = await seqOf(7);
    for (const change of [
      "purpose = 'for the court'",
      "actor_name = 'Nobody'",
      "details = '{}'",
      "from_address = NULL",
      "action = 'upload.resumed'",
      "outcome = 'failed'",
      "at = at + interval '1 microsecond'",
      "recording_id = 'R-00000-00001'",
    ]) {
      const found = await problemsAfter(`UPDATE custody_event SET ${change} WHERE seq = ${seq}`);
      expect(found, change).toEqual([`event_changed event ${seq}`]);
    }
  });

  test("names an event that was removed, and one that was put in", async () => {
    const seq = await seqOf(42);
    expect(await problemsAfter(`DELETE FROM custody_event WHERE seq = ${seq}`)).toEqual([`event_missing event ${seq}`]);
    const copy = `INSERT INTO custody_event SELECT (jsonb_populate_record(e, '{"seq": 999999}')).* FROM custody_event e WHERE seq = ${seq}`;
    expect(await problemsAfter(copy)).toEqual(["event_outside_log event 999999"]);
  });

  test("finds events that changed places, also when leaves and hashes were moved with them", async () => {
    const [one, other] = [await seqOf(10), await seqOf(11)];
    const swap = [
      `UPDATE log_leaf SET index = 100000 WHERE index = 10`,
      `UPDATE log_leaf SET index = 10 WHERE index = 11`,
      `UPDATE log_leaf SET index = 11 WHERE index = 100000`,
    ];
    expect(await problemsAfter(...swap)).toEqual(["checkpoint_differs checkpoint 300", "tile_changed tile 0/0"]);
    const swapSeqs = [
      `UPDATE log_leaf SET seq = -1 WHERE index = 10`,
      `UPDATE log_leaf SET seq = ${one} WHERE index = 11`,
      `UPDATE log_leaf SET seq = ${other} WHERE index = 10`,
    ];
    const found = await problemsAfter(...swapSeqs);
    expect(found).toEqual([`event_changed event ${other}`, `event_changed event ${one}`]);
  });

  test("finds a tree that was rewritten whole, leaves and tiles, by somebody without the key", async () => {
    const seq = await seqOf(299);
    const rewrite = [
      `DELETE FROM log_checkpoint WHERE size > 300`,
      `DELETE FROM log_leaf WHERE index >= 299`,
      `DELETE FROM custody_event WHERE seq >= ${seq}`,
      `UPDATE log_checkpoint SET size = 299`,
    ];
    const found = await problemsAfter(...rewrite);
    expect(found).toEqual(["checkpoint_differs checkpoint 299"]);
  });

  test("finds leaves, tiles and checkpoints that are gone or changed", async () => {
    expect(await problemsAfter("DELETE FROM log_leaf WHERE index = 20")).toContain("leaf_missing leaf 20");
    expect(await problemsAfter("UPDATE log_leaf SET hash = decode(repeat('00', 32), 'hex') WHERE index = 20")).toEqual([
      "leaf_changed leaf 20",
    ]);
    expect(await problemsAfter("DELETE FROM log_tile")).toEqual(["tile_changed tile 0/0"]);
    const newest = (await world().db.logCheckpoint.findFirstOrThrow({ orderBy: { size: "desc" } })).size;
    expect(await problemsAfter(`DELETE FROM log_checkpoint WHERE size = ${newest}`)).toEqual([
      "checkpoint_missing log",
    ]);
    const forged = `UPDATE log_checkpoint SET note = replace(note, '${origin}', 'other') WHERE size = ${newest}`;
    expect(await problemsAfter(forged)).toEqual([`checkpoint_unsigned checkpoint ${newest}`]);
  });

  test("finds a key that was published past the program", async () => {
    const foreign = `INSERT INTO signing_key (kid, purpose, public_key, created_at, retired_at)
      VALUES ('foreign', 'receipt', decode(repeat('01', 32), 'hex'), now(), now())`;
    expect(await problemsAfter(foreign)).toEqual(["key_unexplained key foreign"]);
  });

  test("a checkpoint that was kept elsewhere convicts a log that was cut short", async () => {
    const checkpoint = await getCheckpoint(system());
    const size = openCheckpointSize(checkpoint);
    const found: LogProblem[] = [];
    await world()
      .db.$transaction(async (tx) => {
        for (const table of ["log_leaf", "log_checkpoint", "custody_event"])
          await tx.$executeRawUnsafe(`ALTER TABLE ${table} DISABLE TRIGGER ALL`);
        await tx.$executeRawUnsafe("DELETE FROM log_checkpoint WHERE size > 300");
        await tx.$executeRawUnsafe(
          `DELETE FROM custody_event WHERE seq IN (SELECT seq FROM log_leaf WHERE index >= 300)`,
        );
        await tx.$executeRawUnsafe("DELETE FROM log_leaf WHERE index >= 300");
        const input = { onProblem: (problem: LogProblem) => found.push(problem) };
        await inspectLog({ ...system(), db: tx as Database }, input);
        expect(found).toEqual([]);
        await inspectLog({ ...system(), db: tx as Database }, { ...input, checkpoint });
        throw new Error("undo");
      })
      .catch(() => undefined); // the undoing; what was found is looked at below
    expect(found.map(({ code }) => code)).toEqual(["checkpoint_missing"]);
    expect(size).toBeGreaterThan(300);
  });

  test("signs nothing over a tree whose edge was changed", async () => {
    const { db } = world();
    await addEvents(db, 1);
    const undo = new Error("undo");
    const planted = db.$transaction(async (tx) => {
      await tx.$executeRawUnsafe("ALTER TABLE log_leaf DISABLE TRIGGER ALL");
      await tx.$executeRawUnsafe("UPDATE log_leaf SET hash = decode(repeat('00', 32), 'hex') WHERE index = 305");
      const inside = { ...system(), db: withTransaction(tx as Database, (run) => run(tx)) };
      await expect(sequenceLog(inside)).rejects.toThrow("was changed");
      throw undo;
    });
    await expect(planted).rejects.toBe(undo);
    await sequenceLog(system());
    expect(tilePath({ level: 0, index: 1_234_067, width: 256 })).toBe("tile/0/x001/x234/067");
  });
});

const openCheckpointSize = (note: string) => Number(note.split("\n")[1]);

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

type RunTransaction = (run: (tx: Transaction) => Promise<unknown>) => Promise<unknown>;

/** A client, or a transaction, in which transactions are made another way. */
function withTransaction(db: Database, $transaction: RunTransaction): Database {
  return new Proxy(db, { get: (object, name) => (name === "$transaction" ? $transaction : Reflect.get(object, name)) });
}
