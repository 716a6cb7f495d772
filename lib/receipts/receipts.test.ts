import { beforeAll, describe, expect, test } from "vitest";
import type { RecordingState } from "../../generated/prisma/client.ts";
import { recordEvent } from "../custody/index.ts";
import { getCheckpoint, sequenceLog } from "../custody-log/index.ts";
import { activeKey, ensureSigningKeys, publicKeys, rotateSigningKey } from "../keys/index.ts";
import { canonicalJson, readReceipt, signJws, signReceipt, verifyReceipt } from "../protocol/index.ts";
import { makeScene, release } from "../testing/access.ts";
import { factories, useTestDatabase } from "../testing/index.ts";
import { getReceipt, issueReceipts } from "./index.ts";

const content = new TextEncoder().encode("a very short video");

describe("receipts", () => {
  const world = useTestDatabase();
  const system = () => world().context();
  const keys = () => publicKeys(world().db);

  beforeAll(() => ensureSigningKeys(system(), "archive.example.org/api/log"));

  /** A recording as sealing leaves it. */
  async function makeSealed(options: Parameters<typeof factories.makeRecording>[1] = {}) {
    const recording = await factories.makeRecording(world().db, { content, ...options });
    const sha256 = Buffer.from(recording.sha256 ?? []).toString("hex");
    const details = { sha256, sizeBytes: Number(recording.sizeBytes), chunks: recording.chunks.length };
    await recordEvent(system(), world().db, { action: "recording.sealed", recordingId: recording.id, details });
    return recording;
  }
  async function keepLog() {
    await sequenceLog(system());
    return issueReceipts(system());
  }

  test("a sealed recording gets one, which proves by itself what was sealed", async () => {
    const { id, deviceId } = await makeSealed();
    expect(await issueReceipts(system())).toBe(0);
    expect(await keepLog()).toBe(1);
    expect(await keepLog()).toBe(0);
    const { jws } = await world().db.receipt.findUniqueOrThrow({ where: { recordingId: id } });
    const { receipt, checkpointSize } = verifyReceipt(jws, await keys());
    expect(receipt).toMatchObject({
      recording: id,
      device: deviceId,
      sequence: null,
      manifestSha256: null,
      sizeBytes: content.length,
      digestOriginator: "device",
      issuedAt: world().clock.now().toISOString(),
      storageClass: "file",
    });
    expect((await getCheckpoint(system())).split("\n")[1]).toBe(String(checkpointSize));
    expect(await world().db.receiptDue.count()).toBe(0);
  });

  test("any change of it, or of what it stands on, is found", async () => {
    const { id } = await makeSealed();
    await keepLog();
    const { jws } = await getReceipt(system(), id);
    const known = await keys();
    const { receipt, kid } = readReceipt(jws);
    expect(() => verifyReceipt(`${jws.slice(0, -5)}AAAAA`, known)).toThrow(/signature|base64url/);
    expect(() => verifyReceipt(jws, [])).toThrow("does not publish");
    expect(() =>
      verifyReceipt(
        jws,
        known.filter((key) => key.purpose === "receipt"),
      ),
    ).toThrow("key that we know");
    const retired = known.map((key) => ({ ...key, retiredAt: new Date(0) }));
    expect(() => verifyReceipt(jws, retired)).toThrow("had stopped signing");

    // Somebody who has the key of receipts, and not that of the log.
    const { privateKey } = await activeKey(system(), world().db, "receipt");
    const { log } = receipt;
    const forged = (change: object, inLog: object = {}) =>
      signReceipt({ ...receipt, ...change, log: { ...log, ...inLog } }, privateKey, kid);
    const other = "0".repeat(64);
    expect(() => verifyReceipt(forged({ recording: "R-00000-00000" }), known)).toThrow("not the sealing");
    expect(() => verifyReceipt(forged({ sha256: other }), known)).toThrow("about other bytes");
    const details = { ...log.details, value: { sha256: other } };
    expect(() => verifyReceipt(forged({ sha256: other }, { details }), known)).toThrow("are not those");
    expect(() => verifyReceipt(forged({}, { leaf: log.leaf.replace('"seq":"', '"seq":"9') }), known)).toThrow("lead");
    expect(() => verifyReceipt(forged({}, { index: log.index + 1 }), known)).toThrow("another place");
    expect(() => verifyReceipt(forged({}, { origin: "other" }), known)).toThrow("another place");
    expect(verifyReceipt(forged({}), known).receipt).toEqual(receipt);

    const [before = "", after = ""] = canonicalJson({ ...receipt, storageClass: "#" }).split("#");
    const said = Buffer.concat([Buffer.from(before), Buffer.of(0xff), Buffer.from(after)]);
    const unreadable = signJws(said, privateKey, { kid, typ: "strongroom-receipt" });
    expect(() => verifyReceipt(unreadable, known)).toThrow("not UTF-8");
  });

  test("it names the manifest that its bytes were compared with, and no other for the same content", async () => {
    const { db } = world();
    const [{ id, deviceId }, plain] = [await makeSealed(), await makeSealed()];
    const kid = "k".repeat(43);
    await db.deviceKey.create({ data: { kid, deviceId, publicKey: Buffer.alloc(32), createdAt: new Date() } });
    for (const [at, recordingId] of [id, id, plain.id].entries())
      await db.manifest.create({
        data: {
          manifestSha256: Buffer.alloc(32, at + 1),
          sequence: BigInt(at + 1),
          chain: "in_order",
          chunkSizeBytes: 400_000,
          chunkSha256s: Buffer.alloc(32),
          facts: {},
          jws: "x",
          receivedAt: new Date(at * 1000),
          ...{ recordingId, deviceId, kid },
        },
      });
    await db.upload.update({ where: { recordingId: id }, data: { manifestSha256: Buffer.alloc(32, 2) } });
    await keepLog();
    const named = { sequence: 2, manifestSha256: "02".repeat(32) };
    expect((await getReceipt(system(), id)).content).toMatchObject(named);
    const none = { sequence: null, manifestSha256: null };
    expect((await getReceipt(system(), plain.id)).content).toMatchObject(none);
  });

  test("a sealing that does not say readably of which bytes it was proves nothing", async () => {
    const { id } = await factories.makeRecording(world().db, { content });
    const details = { sha256: [id], sizeBytes: content.length };
    await recordEvent(system(), world().db, { action: "recording.sealed", recordingId: id, details });
    await keepLog();
    const { jws } = await getReceipt(system(), id);
    const known = await keys();
    expect(() => verifyReceipt(jws, known)).toThrow("about other bytes");
  });

  test("recordings that were sealed before there were receipts get theirs, whatever else is in the way", async () => {
    const { db } = world();
    // No custody event: this one can never have a receipt, and it holds up nobody.
    const odd = await factories.makeRecording(db, { data: { id: "R-00000-00001" } });
    const sealed = [];
    for (let n = 0; n < 105; n++) sealed.push((await makeSealed()).id);
    await sequenceLog(system());
    const made = await Promise.all([issueReceipts(system()), issueReceipts(system()), issueReceipts(system())]);
    expect(made.reduce((sum, count) => sum + count)).toBe(105);
    expect(await db.receipt.count({ where: { recordingId: { in: sealed } } })).toBe(105);
    expect((await db.receiptDue.findMany()).map((due) => due.recordingId)).toEqual([odd.id]);
    await db.receiptDue.deleteMany();
  });

  test("what was quarantined before its turn gets none, and nothing that is not sealed does", async () => {
    const { db } = world();
    const damaged = await makeSealed();
    await sequenceLog(system());
    const change = { state: "quarantined", quarantinedAt: new Date(), quarantineReason: "missing" } as const;
    await db.recording.update({ where: { id: damaged.id }, data: change });
    expect(await issueReceipts(system())).toBe(0);
    expect(await db.receiptDue.count()).toBe(0);
    const ask = async (state: RecordingState) => {
      const { id } = await factories.makeRecording(db, { state });
      return getReceipt(system(), id);
    };
    for (const state of ["receiving", "received", "quarantined"] as const)
      await expect(ask(state)).rejects.toMatchObject({ code: "state_conflict", status: 409 });
    await expect(ask("sealed")).rejects.toMatchObject({ code: "unavailable", retryAfterSeconds: 1 });
    await db.receiptDue.deleteMany();
    await expect(issueReceipts(world().context({ kind: "nobody" }))).rejects.toMatchObject({ code: "forbidden" });
  });

  test("a rotated key signs the next ones, and the old ones stay valid", async () => {
    const { id } = await makeSealed();
    await keepLog();
    world().clock.advance(60_000);
    const { kid } = await rotateSigningKey(system(), { purpose: "receipt" });
    await rotateSigningKey(system(), { purpose: "log" });
    world().clock.advance(60_000);
    const next = await makeSealed();
    await keepLog();
    expect(verifyReceipt((await getReceipt(system(), id)).jws, await keys()).key.kid).not.toBe(kid);
    expect(verifyReceipt((await getReceipt(system(), next.id)).jws, await keys()).key.kid).toBe(kid);
  });

  test("a key retires after what it is signing just now, so that the receipt stays valid", async () => {
    const { db, clock } = world();
    const [old] = (await keys()).filter(({ purpose, retiredAt }) => purpose === "receipt" && retiredAt === null);
    const rotated: Promise<unknown>[] = [];
    const issuedAt = await db.$transaction(async (tx) => {
      await activeKey(system(), tx, "receipt");
      let isDone = false;
      rotated.push(rotateSigningKey(system(), { purpose: "receipt" }).finally(() => (isDone = true)));
      for (let isWaiting = false; !isWaiting && !isDone; ) {
        const [row] = await tx.$queryRaw<{ count: number }[]>`
          SELECT count(*)::int AS count FROM pg_locks l JOIN pg_database d ON d.oid = l.database
          WHERE NOT l.granted AND l.locktype = 'advisory' AND d.datname = current_database()`;
        isWaiting = (row?.count ?? 0) > 0;
      }
      clock.advance(5_000);
      return clock.now();
    });
    await Promise.all(rotated);
    const retired = (await keys()).find(({ kid }) => kid === old?.kid);
    expect(retired?.retiredAt?.getTime()).toBeGreaterThanOrEqual(issuedAt.getTime());
  });

  test("a key that retires by a slower clock than the one it signed by takes no receipt with it", async () => {
    const { id } = await makeSealed();
    await keepLog();
    const { jws } = await getReceipt(system(), id);
    const slower = { now: () => new Date(world().clock.now().getTime() - 10_000) };
    await rotateSigningKey({ ...system(), clock: slower }, { purpose: "receipt" });
    expect(verifyReceipt(jws, await keys()).receipt.recording).toBe(id);
  });

  test("it is given to its device, to people by their role, and to whom the recording was released", async () => {
    const { db, context, clock } = world();
    const scene = await makeScene(world());
    const recordingId = scene.recordingId;
    await recordEvent(system(), db, { action: "recording.sealed", recordingId });
    await keepLog();
    const { deviceId } = await db.recording.findUniqueOrThrow({ where: { id: recordingId } });
    expect(await getReceipt(context({ kind: "device", deviceId, name: "x" }), recordingId)).toMatchObject({
      recordingId,
    });
    const other = await factories.makeDevice(db);
    await expect(getReceipt(context(other.actor), recordingId)).rejects.toMatchObject({ code: "not_found" });
    await expect(getReceipt(context({ kind: "nobody" }), recordingId)).rejects.toMatchObject({
      code: "unauthenticated",
    });
    for (const make of [factories.makeOfficer, factories.makeAuditor, factories.makeAdmin])
      expect((await getReceipt(context(await make(db)), recordingId)).treeSize).toBeGreaterThan(0);
    await expect(getReceipt(scene.asRequester, recordingId)).rejects.toMatchObject({ code: "not_found" });
    await release(scene);
    expect((await getReceipt(scene.asRequester, recordingId)).fileName).toBe(`${recordingId}.receipt.jws`);
    await expect(getReceipt(context(scene.stranger), recordingId)).rejects.toMatchObject({ code: "not_found" });
    clock.advance(365 * 86_400_000);
    await expect(getReceipt(scene.asRequester, recordingId)).rejects.toMatchObject({ code: "not_found" });
  });
});
