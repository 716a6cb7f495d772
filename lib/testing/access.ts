import { createHash } from "node:crypto";
import { expect } from "vitest";
import { approveRequest, decideRecording, getRequest, openRequest, submitRequest } from "../access/index.ts";
import type { Context, Database } from "../context.ts";
import { makeOfficer, makeRecording, makeRequester, type TestPerson } from "./factories/index.ts";
import type { TestWorld } from "./test-world.ts";

/** The smallest bytes that are taken for a PDF. */
export const smallPdf = Buffer.from("%PDF-1.4\n1 0 obj<</Type/Catalog>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n");

/** Bytes as a stream, in pieces of `pieceBytes`. */
export async function* streamOf(bytes: Uint8Array, pieceBytes = bytes.length || 1): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += pieceBytes) yield bytes.subarray(at, at + pieceBytes);
}

/** What a police requester writes: Gran Vía 1, on 2 March 2026 from 9 to 11 in Madrid. */
export const askInput = {
  place: "Bank branch, Gran Vía 1",
  siteId: null as string | null,
  intervalFrom: "2026-03-02T09:00",
  intervalUntil: "2026-03-02T11:00",
  timeZone: "Europe/Madrid",
  legalBasis: "police_request" as const,
  authority: "Comisaría Centro",
  reference: "AT-1182/2026",
  purpose: "Robbery during a cash delivery",
  orderFileName: "order.pdf",
};

/** Submits a request through the verb; returns its id. */
export async function submit(
  world: TestWorld,
  requester: TestPerson,
  over: Partial<typeof askInput> = {},
): Promise<string> {
  const { id } = await submitRequest(world.context(requester), { ...askInput, ...over }, streamOf(smallPdf));
  return id;
}

/** Takes a request up and includes recordings. */
export async function review(ctx: Context, requestId: string, recordingIds: readonly string[]): Promise<void> {
  await openRequest(ctx, { requestId });
  for (const recordingId of recordingIds) await decideRecording(ctx, { requestId, recordingId, decision: "included" });
}

/** Approves what is included now, as an officer who looked first. */
export async function approve(ctx: Context, requestId: string) {
  const { scopeSha256 } = await getRequest(ctx, requestId);
  return approveRequest(ctx, { requestId, scopeSha256: scopeSha256 ?? "0".repeat(64) });
}

/** The scope digest, computed here anew from what its definition says and not by the code under test. */
function scopeOf(items: { recordingId: string; sha256: Uint8Array }[]): string {
  const lines = items.map((item) => `${item.recordingId} ${Buffer.from(item.sha256).toString("hex")}\n`);
  return createHash("sha256").update(lines.toSorted().join("")).digest("hex");
}

/**
 * What the database itself must show, whatever happened: the two-person rule, read from the rows alone.
 *
 * @returns whether there is a release
 */
export async function expectTwoPersonRule(db: Database, requestId: string): Promise<boolean> {
  const release = await db.release.findUnique({
    where: { requestId },
    include: { recordings: { include: { recording: true } }, request: { include: { approvals: true } } },
  });
  if (release === null) return false;
  const valid = release.request.approvals.filter(({ voidedAt }) => voidedAt === null);
  expect(new Set(valid.map(({ approverId }) => approverId)).size).toBe(2);
  expect(valid.map(({ approverId }) => approverId)).not.toContain(release.requesterId);
  const released = release.recordings.map(({ recording }) => ({
    recordingId: recording.id,
    sha256: recording.sha256 ?? new Uint8Array(),
  }));
  for (const { scopeSha256: approved } of [...valid, release]) {
    expect(Buffer.from(approved).toString("hex")).toBe(scopeOf(released));
  }
  return true;
}

/** Who and what the tests of requests are about: one submitted request, and one sealed recording of its place. */
export async function makeScene(world: TestWorld) {
  const { db, context } = world;
  const requester = await makeRequester(db);
  const stranger = await makeRequester(db, { organisationId: requester.organisationId });
  const officers = [await makeOfficer(db), await makeOfficer(db)] as const;
  const { id: recordingId } = await makeRecording(db, { data: { place: "Gran Vía 1" } });
  const requestId = await submit(world, requester);
  const [first, second] = [context(officers[0]), context(officers[1])];
  return { requester, stranger, officers, first, second, requestId, recordingId, asRequester: context(requester) };
}

/** Has two officers release the scene's recording; returns the release's id. */
export async function release(scene: Awaited<ReturnType<typeof makeScene>>): Promise<string> {
  await review(scene.first, scene.requestId, [scene.recordingId]);
  await approve(scene.first, scene.requestId);
  const { releaseId } = await approve(scene.second, scene.requestId);
  if (releaseId === null) throw new Error("the second approval opened no release");
  return releaseId;
}
