import { beforeAll, describe, expect, test } from "vitest";
import type { Database } from "../context.ts";
import { ensureSigningKeys } from "../keys/index.ts";
import { tilePath } from "../protocol/index.ts";
import { addLogEvents, expectCustodyEvent, factories, useTestDatabase, withTransaction } from "../testing/index.ts";
import { getCheckpoint, inspectLog, type LogProblem, sequenceLog, verifyLog } from "./index.ts";

const origin = "archive.example.org/api/log";

describe("verifying the custody log", () => {
  const world = useTestDatabase();
  const system = () => world().context();

  beforeAll(async () => {
    await ensureSigningKeys(system(), origin);
    await addLogEvents(world().db, 298);
    await sequenceLog(system());
    await addLogEvents(world().db, 10);
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
    await addLogEvents(db, 1);
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
