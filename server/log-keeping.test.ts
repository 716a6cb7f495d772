import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, describe, expect, it } from "vitest";
import { recordEvent } from "../lib/custody/index.ts";
import { inspectLog } from "../lib/custody-log/index.ts";
import { publicKeys } from "../lib/keys/index.ts";
import { verifyReceipt } from "../lib/protocol/index.ts";
import { factories, useTestDatabase } from "../lib/testing/index.ts";
import { type ApiServer, startApiServer } from "./testing/start-api-server.ts";

const sealedCount = 30;
const eventCount = 5000;

describe("servers that share an archive keep one log", { timeout: 120_000 }, () => {
  const world = useTestDatabase();
  const servers: ApiServer[] = [];
  afterEach(async () => {
    await Promise.all(servers.splice(0).map((server) => server.kill()));
  });

  async function start(): Promise<ApiServer> {
    const { databaseUrl, dir } = world();
    const server = await startApiServer({ databaseUrl, dataDir: join(dir, "data") });
    servers.push(server);
    return server;
  }
  async function until(isSo: () => Promise<boolean>): Promise<void> {
    while (!(await isSo())) await sleep(20);
  }

  it("whichever of them is killed in the middle: each event once, each sealed recording one valid receipt", async () => {
    const { db, context } = world();
    for (let n = 0; n < sealedCount; n++) {
      const { id } = await factories.makeRecording(db);
      await recordEvent(context(), db, { action: "recording.sealed", recordingId: id });
    }
    await db.$executeRaw`
      INSERT INTO custody_event (at, action, actor_kind, actor_name, correlation_id)
      SELECT now(), 'log.read', 'system', 'test', 'c' FROM generate_series(1, ${eventCount})`;
    const [first] = await Promise.all([start(), start()]);
    // Each batch of a thousand is a checkpoint: killed after one, and well before the end.
    await until(async () => (await db.logCheckpoint.count()) >= 1);
    await first?.kill();
    expect(await db.logPending.count()).toBeGreaterThan(0);
    await start();
    await until(async () => (await db.logPending.count()) === 0 && (await db.receiptDue.count()) === 0);
    const problems: unknown[] = [];
    const report = await inspectLog(context(), { onProblem: (problem) => problems.push(problem) });
    expect(problems).toEqual([]);
    expect(report.size).toBe(await db.custodyEvent.count());
    const receipts = await db.receipt.findMany();
    expect(receipts).toHaveLength(sealedCount);
    const keys = await publicKeys(db);
    for (const { jws, recordingId } of receipts) {
      expect(verifyReceipt(jws, keys).receipt.recording).toBe(recordingId);
    }
  });

  it("does not start with another AUTH_SECRET, and says what to do", async () => {
    const { databaseUrl, dir } = world();
    const settings = { AUTH_SECRET: "another secret than that of the first start" };
    const keys = await world().db.signingKey.count();
    await expect(startApiServer({ databaseUrl, dataDir: join(dir, "data"), settings })).rejects.toThrow("ended");
    expect(await world().db.signingKey.count()).toBe(keys);
  });
});
