import { rm, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { recordEvent } from "../custody/index.ts";
import { recordingKey } from "../recordings/index.ts";
import { expectCustodyEvent, factories, useTestDatabase } from "../testing/index.ts";
import { type CheckDepth, checkArchive, type Problem } from "./index.ts";

describe("checking the archive", () => {
  const world = useTestDatabase();
  const fileOf = (id: string) => join(world().dir, "storage", recordingKey(id));

  /** A sealed recording as sealing leaves it: rows, bytes and custody. */
  async function makeSealed(content = new Uint8Array(900_000).fill(7)) {
    const { db, storage, context } = world();
    const recording = await factories.makeRecording(db, { content, chunkSizeBytes: 400_000 });
    await storage.put(recordingKey(recording.id), content);
    await recordEvent(context(), db, { action: "recording.sealed", recordingId: recording.id });
    return recording.id;
  }

  async function check(depth: CheckDepth, id?: string) {
    const problems: Problem[] = [];
    const report = await checkArchive(world().context(), depth, { onProblem: (problem) => problems.push(problem) });
    expect(report.problems).toBe(problems.length);
    return {
      report,
      codes: problems.filter((problem) => id === undefined || problem.subject === id).map((p) => p.code),
    };
  }

  test("finds nothing where nothing is wrong, and custody keeps that it looked", async () => {
    const { db } = world();
    await makeSealed();
    await factories.makeRecording(db, { state: "quarantined" });
    const { report, codes } = await check("digest");
    expect(codes).toEqual([]);
    expect(report).toMatchObject({ recordings: 2, quarantined: 1, bytesRead: 900_000 });
    await expectCustodyEvent(db, { action: "archive.checked", outcome: "done", details: { depth: "digest" } });
  });

  test("each depth finds what it looks for", async () => {
    const missing = await makeSealed();
    await rm(fileOf(missing));
    expect((await check("present", missing)).codes).toEqual(["blob_missing"]);

    const short = await makeSealed();
    await truncate(fileOf(short), 899_999);
    expect((await check("present", short)).codes).toEqual([]);
    expect((await check("size", short)).codes).toEqual(["blob_short"]);

    const changed = await makeSealed();
    const bytes = new Uint8Array(900_000).fill(7);
    bytes[450_000] = 8;
    await rm(fileOf(changed));
    await writeFile(fileOf(changed), bytes);
    expect((await check("size", changed)).codes).toEqual([]);
    expect((await check("digest", changed)).codes).toEqual(["chunk_differs"]);
    await expectCustodyEvent(world().db, { action: "archive.checked", outcome: "failed" });
  });

  test("finds a sealed recording that custody knows nothing of, and a file that no row names", async () => {
    const { db, storage } = world();
    const content = new Uint8Array(10);
    const { id } = await factories.makeRecording(db, { content });
    await storage.put(recordingKey(id), content);
    expect((await check("present", id)).codes).toEqual(["custody_missing"]);
    const stray = recordingKey("R-00000-00000");
    await storage.put(stray, content);
    expect((await check("present", stray)).codes).toEqual(["blob_without_row"]);
  });

  test("finds an order that is not the one that was attached", async () => {
    const { db, storage } = world();
    const request = await factories.makeRequest(db);
    expect((await check("present", request.id)).codes).toEqual(["order_missing"]);
    await storage.put(`orders/${request.id}.pdf`, new Uint8Array(request.orderSizeBytes).fill(1));
    expect((await check("size", request.id)).codes).toEqual([]);
    expect((await check("digest", request.id)).codes).toEqual(["order_differs"]);
  });

  test("is for operators' commands only", async () => {
    const admin = world().context(await factories.makeAdmin(world().db));
    await expect(checkArchive(admin, "present", { onProblem: () => undefined })).rejects.toMatchObject({
      code: "forbidden",
    });
  });
});
