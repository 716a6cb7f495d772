import { setTimeout as sleep } from "node:timers/promises";
import { checkArchive, type Problem } from "../../lib/check/index.ts";
import type { Database } from "../../lib/context.ts";
import { publicKeys } from "../../lib/keys/index.ts";
import { verifyReceipt } from "../../lib/protocol/index.ts";
import type { BlobStore } from "../../lib/storage/index.ts";
import type { TestWorld } from "../../lib/testing/test-world.ts";
import type { Oracle } from "./oracle.ts";

/** What the archive holds in the end. */
export type ArchiveFacts = {
  sealed: number;
  /** Announcements whose answer a kill swallowed: the device announced again, and these expire. */
  unansweredAnnouncements: number;
  /** Empty files of announcements that were killed before their row. */
  emptyStrays: number;
  resumptions: number;
  interruptions: number;
};

type Evidence = {
  storage: BlobStore;
  sent: readonly { deviceId: string; sha256: string }[];
  oracle: Oracle;
  deadlineMs: number;
};

/**
 * Compares the archive with what was sent and what was promised: every file is sealed, once, with its receipt; no offset
 * is less than was answered; the check at full depth finds nothing but what an announcement that was cut off may leave.
 */
export async function judgeArchive(
  world: TestWorld,
  { storage, sent, oracle, deadlineMs }: Evidence,
): Promise<ArchiveFacts> {
  const { violations } = oracle;
  const { db } = world;
  await untilVerified(db, deadlineMs);
  await untilReceipted(db, deadlineMs);
  const keys = await publicKeys(db);
  for (const { deviceId, sha256 } of sent) {
    const digest = Buffer.from(sha256, "hex");
    const states = await db.recording.findMany({
      where: { deviceId, declaredSha256: digest, state: { not: "receiving" } },
      select: { id: true, state: true },
    });
    if (states.length !== 1 || states[0]?.state !== "sealed")
      violations.push(`a file of ${deviceId} should be sealed once: ${JSON.stringify(states)}`);
    for (const { id } of states) {
      const { jws } = await db.receipt.findUniqueOrThrow({ where: { recordingId: id } });
      if (verifyReceipt(jws, keys).receipt.sha256 !== sha256)
        violations.push(`the receipt of ${id} is for other bytes`);
      oracle.hearReceipt(id, jws);
    }
  }
  for (const [id, { offsetBytes }] of oracle.uploads) {
    const row = await db.upload.findUnique({ where: { id } });
    if (row === null || Number(row.offsetBytes) < offsetBytes)
      violations.push(`${id} has ${row?.offsetBytes ?? "no row"}, and ${offsetBytes} bytes were promised`);
  }
  const open = await db.recording.findMany({ where: { state: "receiving" }, include: { upload: true } });
  for (const { id, upload } of open)
    if (Number(upload?.offsetBytes) > 0) violations.push(`${id} has ${upload?.offsetBytes} bytes, and nobody goes on`);
  const problems = await findProblems(world, storage);
  let emptyStrays = 0;
  for (const { code, subject, found } of problems) {
    if (code === "blob_without_row" && (await storage.size(subject)) === 0) emptyStrays += 1;
    else violations.push(`check: ${subject} ${code}: ${found}`);
  }
  const count = (action: string) => db.custodyEvent.count({ where: { action } });
  return {
    sealed: await db.recording.count({ where: { state: "sealed" } }),
    unansweredAnnouncements: open.length,
    emptyStrays,
    resumptions: await count("upload.resumed"),
    interruptions: await count("upload.interrupted"),
  };
}

async function untilVerified(db: Database, deadlineMs: number): Promise<void> {
  const deadline = Date.now() + deadlineMs;
  while ((await db.recording.count({ where: { state: "received" } })) > 0) {
    if (Date.now() > deadline) throw new Error(`After ${deadlineMs / 1000} s recordings still wait to be read back.`);
    await sleep(300);
  }
}

/** Every sealed recording gets its receipt, in its own time. */
async function untilReceipted(db: Database, deadlineMs: number): Promise<void> {
  const deadline = Date.now() + deadlineMs;
  while ((await db.receipt.count()) < (await db.recording.count({ where: { state: "sealed" } }))) {
    if (Date.now() > deadline)
      throw new Error(`After ${deadlineMs / 1000} s recordings still wait for their receipts.`);
    await sleep(300);
  }
}

async function findProblems({ context }: TestWorld, storage: BlobStore): Promise<Problem[]> {
  const problems: Problem[] = [];
  const ctx = context({ kind: "system", name: "torture" }, { storage });
  await checkArchive(ctx, "digest", { onProblem: (problem) => problems.push(problem) });
  return problems;
}
