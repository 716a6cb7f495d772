import { readFileSync } from "node:fs";
import { appendFile, open, rm, truncate } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { orderKey } from "../access/index.ts";
import { recordEvent } from "../custody/index.ts";
import { sequenceLog } from "../custody-log/index.ts";
import { ensureSigningKeys } from "../keys/index.ts";
import { issueReceipts } from "../receipts/index.ts";
import { recordingKey, sidecarKey } from "../recordings/index.ts";
import { factories, type TestWorld, useTestDatabase } from "../testing/index.ts";
import { type CheckDepth, checkArchive, checkDepths, type Problem } from "./index.ts";

const content = new Uint8Array(900_000).fill(7);

/** What a table row of docs/operations.md promises: the depth at which each finding is found. */
function promisedDepths(): Map<string, CheckDepth> {
  const page = readFileSync(join(import.meta.dirname, "../../docs/operations.md"), "utf8");
  const rows = page.matchAll(/^\| `(\w+)` +\| (present|size|digest) /gm);
  return new Map(Array.from(rows, ([, code = "", depth]) => [code, depth as CheckDepth]));
}

/** A sealed recording as sealing leaves it: rows, bytes and custody. */
async function makeSealed({ db, storage, context }: TestWorld): Promise<string> {
  const { id } = await factories.makeRecording(db, { content, chunkSizeBytes: 400_000 });
  await storage.put(recordingKey(id), content);
  await recordEvent(context(), db, { action: "recording.sealed", recordingId: id });
  return id;
}

/** One that has received its first chunk and half of the second. */
async function makeReceiving({ db, storage }: TestWorld): Promise<string> {
  const { id, upload } = await factories.makeRecording(db, { content, chunkSizeBytes: 400_000, state: "receiving" });
  const whole = await factories.makeRecording(db, { content, chunkSizeBytes: 400_000 });
  const [first, second] = whole.chunks;
  if (first === undefined || second === undefined) throw new Error("900,000 bytes are three chunks");
  const tail = { ...second, recordingId: id, lengthBytes: 200_000, sha256: null };
  await db.chunk.createMany({ data: [{ ...first, recordingId: id }, tail] });
  await db.upload.update({ where: { id: upload?.id ?? "" }, data: { offsetBytes: 600_000 } });
  await storage.put(recordingKey(id), content.subarray(0, 600_000));
  return id;
}

async function flipByte(path: string, positionBytes: number): Promise<void> {
  const file = await open(path, "r+");
  await file.write(new Uint8Array([8]), 0, 1, positionBytes);
  await file.close();
}

/** Each kind of damage: planted in a world, and what it is about. */
const damages: [code: Problem["code"], what: string, plant: (world: TestWorld) => Promise<string>][] = [
  ["blob_missing", "a missing file", async (world) => damageFile(world, await makeSealed(world), (path) => rm(path))],
  [
    "blob_missing",
    "a row of an upload that brought nothing, without a file",
    async ({ db }) => (await factories.makeRecording(db, { state: "receiving" })).id,
  ],
  [
    "blob_short",
    "a file cut short",
    async (world) => damageFile(world, await makeSealed(world), (path) => truncate(path, 899_999)),
  ],
  [
    "blob_short",
    "an offset ahead of its file",
    async (world) => damageFile(world, await makeReceiving(world), (path) => truncate(path, 599_999)),
  ],
  [
    "blob_long",
    "a file that is longer than it was",
    async (world) => damageFile(world, await makeSealed(world), (path) => appendFile(path, "x")),
  ],
  [
    "chunk_differs",
    "a flipped byte",
    async (world) => damageFile(world, await makeSealed(world), (path) => flipByte(path, 450_000)),
  ],
  [
    "chunk_differs",
    "a flipped byte in a chunk of an upload that is still under way",
    async (world) => damageFile(world, await makeReceiving(world), (path) => flipByte(path, 399_999)),
  ],
  [
    "digest_differs",
    "another SHA-256 in the row",
    async (world) => {
      const { id } = await factories.makeRecording(world.db, {
        content,
        data: { sha256: new Uint8Array(32), declaredSha256: null, digestOriginator: "archive" },
      });
      await world.storage.put(recordingKey(id), content);
      await recordEvent(world.context(), world.db, { action: "recording.sealed", recordingId: id });
      return id;
    },
  ],
  [
    "chunks_incomplete",
    "a chunk row that is gone",
    async (world) => {
      const id = await makeSealed(world);
      await world.db.chunk.delete({ where: { recordingId_index: { recordingId: id, index: 1 } } });
      return id;
    },
  ],
  [
    "row_without_upload",
    "an upload row that is gone",
    async (world) => {
      const id = await makeSealed(world);
      await world.db.upload.delete({ where: { recordingId: id } });
      return id;
    },
  ],
  [
    "custody_missing",
    "a sealed recording that custody knows nothing of",
    async ({ db, storage }) => {
      const { id } = await factories.makeRecording(db, { content });
      await storage.put(recordingKey(id), content);
      return id;
    },
  ],
  [
    "receipt_missing",
    "a sealed recording that nobody will make a receipt for",
    async (world) => {
      const id = await makeSealed(world);
      await world.db.receiptDue.delete({ where: { recordingId: id } });
      return id;
    },
  ],
  [
    "receipt_differs",
    "the receipt of another recording",
    async (world) => {
      const [id, other] = [await makeSealed(world), await makeSealed(world)];
      await ensureSigningKeys(world.context(), "archive.example.org/api/log");
      await sequenceLog(world.context());
      await issueReceipts(world.context());
      await world.db.$executeRaw`ALTER TABLE receipt DISABLE TRIGGER ALL`;
      await world.db.$executeRaw`UPDATE receipt r SET jws = o.jws FROM receipt o
        WHERE r.recording_id = ${id} AND o.recording_id = ${other}`;
      return id;
    },
  ],
  [
    "key_unexplained",
    "a key that somebody published",
    async ({ db }) => {
      const ended = { createdAt: new Date(), retiredAt: new Date() };
      await db.signingKey.create({
        data: { kid: "foreign", purpose: "receipt", publicKey: new Uint8Array(32), ...ended },
      });
      return "key foreign";
    },
  ],
  [
    "usage_differs",
    "a count of stored bytes that is not theirs",
    async ({ db }) => {
      const { deviceId } = await factories.makeRecording(db, { state: "receiving" });
      await db.deviceUsage.create({ data: { deviceId, slot: 99, storedBytes: 1 } });
      return deviceId;
    },
  ],
  ["order_missing", "an order that is gone", async ({ db }) => (await factories.makeRequest(db)).id],
  [
    "order_differs",
    "an order of another length",
    async ({ db, storage }) => {
      const request = await factories.makeRequest(db);
      await storage.put(orderKey(request.id), content);
      return request.id;
    },
  ],
  [
    "sidecar_missing",
    "a sidecar that is gone",
    async (world) => (await factories.makeSidecar(world.db, await makeSealed(world), content)).recordingId,
  ],
  [
    "sidecar_differs",
    "a sidecar of another length",
    async (world) => {
      const { recordingId, sha256 } = await factories.makeSidecar(world.db, await makeSealed(world), content);
      await world.storage.put(sidecarKey(recordingId, Buffer.from(sha256).toString("hex")), content.subarray(1));
      return recordingId;
    },
  ],
  // Last, because a check waits a second before it calls a file a stray.
  [
    "blob_without_row",
    "a file without a row",
    async ({ storage }) => {
      await storage.put(recordingKey("R-00000-00000"), content);
      return recordingKey("R-00000-00000");
    },
  ],
  [
    "blob_without_row",
    "an order without a request",
    async ({ storage }) => {
      await storage.put(orderKey("Q-00000-00000"), content);
      return orderKey("Q-00000-00000");
    },
  ],
  [
    "blob_without_row",
    "a file that somebody put there",
    async ({ storage }) => {
      await storage.put("recordings/holiday.mp4", content);
      return "recordings/holiday.mp4";
    },
  ],
  [
    "blob_left_over",
    "bytes of an upload that was ended",
    async (world) => {
      const id = await makeReceiving(world);
      await world.db.upload.update({ where: { recordingId: id }, data: { state: "terminated" } });
      return recordingKey(id);
    },
  ],
];

async function damageFile({ dir }: TestWorld, id: string, damage: (path: string) => Promise<void>): Promise<string> {
  await damage(join(dir, "storage", recordingKey(id)));
  return id;
}

describe("the check finds what was planted, at the depth that the handbook says, and how to mend it:", () => {
  const world = useTestDatabase();
  const depths = promisedDepths();

  async function findAt(depth: CheckDepth, subject: string): Promise<Problem[]> {
    const problems: Problem[] = [];
    await checkArchive(world().context(), depth, { onProblem: (problem) => problems.push(problem) });
    return problems.filter((problem) => problem.subject === subject);
  }

  test.each(damages)("%s, %s", async (code, _what, plant) => {
    const subject = await plant(world());
    const promised = depths.get(code) ?? "present";
    const lesser = checkDepths[checkDepths.indexOf(promised) - 1];
    if (lesser !== undefined) expect(await findAt(lesser, subject)).toEqual([]);
    const found = await findAt(promised, subject);
    expect(found.map((problem) => problem.code)).toEqual([code]);
    expect(found[0]?.found).toMatch(/^[A-Z].*\.$/);
    expect(found[0]?.mend).toMatch(/^[A-Z].*\.$/);
  });

  test("nothing of a device whose sidecars take room", async () => {
    const { db } = world();
    const { recordingId } = await factories.makeSidecar(db, await makeSealed(world()), content);
    const { deviceId } = await db.recording.findUniqueOrThrow({ where: { id: recordingId } });
    expect(await findAt("present", deviceId)).toEqual([]);
  });

  test("every finding of the handbook", () => {
    expect(new Set(damages.map(([code]) => code))).toEqual(new Set(depths.keys()));
  });
});
