import { describe, expect, test } from "vitest";
import { approve, makeScene, review } from "../testing/access.ts";
import { expectCustodyEvent, factories, useTestDatabase } from "../testing/index.ts";
import {
  approveRequest,
  decideRecording,
  denyRequest,
  getRelease,
  getRequest,
  openRequest,
  withdrawApproval,
} from "./index.ts";

describe("reviewing a request", () => {
  const world = useTestDatabase();
  const stateOf = async (requestId: string) =>
    (await world().db.request.findUniqueOrThrow({ where: { id: requestId } })).state;

  test("one officer finds it, a second one agrees, and it is released to the requester alone", async () => {
    const { requester, stranger, officers, first, second, requestId, recordingId, asRequester } = await makeScene(
      world(),
    );
    const { db, clock, context } = world();
    await review(first, requestId, [recordingId]);
    expect(await approve(first, requestId)).toEqual({ ordinal: 1, releaseId: null });
    expect(await stateOf(requestId)).toBe("approved");
    const scopeSha256 = (await getRequest(first, requestId)).scopeSha256;
    const { releaseId } = await approve(second, requestId);
    expect(await stateOf(requestId)).toBe("released");

    const view = await getRelease(asRequester, String(releaseId));
    expect(view).toMatchObject({
      requestId,
      isOpen: true,
      openUntil: new Date(clock.now().getTime() + 14 * 86_400_000),
      recordings: [{ id: recordingId, contentPath: `/api/releases/${releaseId}/content?recording=${recordingId}` }],
    });
    await expect(getRelease(context(stranger), String(releaseId))).rejects.toMatchObject({ code: "not_found" });
    for (const action of ["request.opened", "request.matched", "request.approved", "release.opened"] as const) {
      await expectCustodyEvent(db, { action, requestId });
    }
    await expectCustodyEvent(db, {
      action: "release.opened",
      actorId: officers[1].accountId,
      recordingId,
      releaseId,
      accountId: requester.accountId,
      details: { scopeSha256 },
    });
  });

  test("the scope digest that an approval names must be the one there is", async () => {
    const { first, requestId, recordingId } = await makeScene(world());
    await review(first, requestId, [recordingId]);
    await expect(approveRequest(first, { requestId, scopeSha256: "0".repeat(64) })).rejects.toMatchObject({
      code: "state_conflict",
    });
    await expect(approveRequest(first, { requestId, scopeSha256: "yes" })).rejects.toMatchObject({
      code: "invalid_input",
    });
    expect(await stateOf(requestId)).toBe("in_review");
  });

  test("the same officer cannot approve twice, and nobody approves with nothing included", async () => {
    const { officers, first, requestId, recordingId } = await makeScene(world());
    await openRequest(first, { requestId });
    await expect(approve(first, requestId)).rejects.toThrow("Include at least one recording");
    await decideRecording(first, { requestId, recordingId, decision: "included" });
    await approve(first, requestId);
    await expect(approve(first, requestId)).rejects.toMatchObject({ code: "already_approved" });
    await expectCustodyEvent(world().db, {
      action: "access.refused",
      outcome: "refused",
      requestId,
      actorId: officers[0].accountId,
      details: { reason: "already_approved" },
    });
    expect(await world().db.release.count({ where: { requestId } })).toBe(0);
  });

  test("a change after the first approval voids it and goes back to review", async () => {
    const { officers, first, second, requestId, recordingId } = await makeScene(world());
    const { db } = world();
    const other = await factories.makeRecording(db);
    await review(first, requestId, [recordingId]);
    await approve(first, requestId);
    await decideRecording(second, { requestId, recordingId: other.id, decision: "included" });
    expect(await stateOf(requestId)).toBe("in_review");
    await expectCustodyEvent(db, {
      action: "request.approval_voided",
      requestId,
      actorId: officers[1].accountId,
      accountId: officers[0].accountId,
    });
    expect((await approve(second, requestId)).ordinal).toBe(1);
    expect((await approve(first, requestId)).ordinal).toBe(2);
    const request = await getRequest(first, requestId);
    expect(request.approvalsGiven.map(({ voidedAt }) => voidedAt !== null)).toEqual([true, false, false]);
  });

  test("an officer takes the first approval back, and only their own", async () => {
    const { officers, first, second, requestId, recordingId } = await makeScene(world());
    const { db } = world();
    await review(first, requestId, [recordingId]);
    await approve(first, requestId);
    await expect(withdrawApproval(second, { requestId })).rejects.toMatchObject({ code: "state_conflict" });
    await withdrawApproval(first, { requestId });
    expect(await stateOf(requestId)).toBe("in_review");
    await expectCustodyEvent(db, { action: "request.approval_voided", requestId, actorId: officers[0].accountId });
    await expect(withdrawApproval(first, { requestId })).rejects.toMatchObject({ code: "state_conflict" });
    expect((await approve(second, requestId)).ordinal).toBe(1);
  });

  test("the same decision again changes nothing, and voids nothing", async () => {
    const { first, second, requestId, recordingId } = await makeScene(world());
    await review(first, requestId, [recordingId]);
    await approve(first, requestId);
    await decideRecording(second, { requestId, recordingId, decision: "included" });
    expect(await stateOf(requestId)).toBe("approved");
  });

  test("an approval by an officer who was disabled since counts for nothing", async () => {
    const { officers, first, second, requestId, recordingId } = await makeScene(world());
    const { db } = world();
    await review(first, requestId, [recordingId]);
    await approve(first, requestId);
    await db.account.update({ where: { id: officers[0].accountId }, data: { state: "disabled" } });
    expect(await approve(second, requestId)).toEqual({ ordinal: 1, releaseId: null });
    expect(await stateOf(requestId)).toBe("approved");
    await expectCustodyEvent(db, { action: "request.approval_voided", requestId, accountId: officers[0].accountId });
  });

  test("a recording that is quarantined after the first approval stops the second", async () => {
    const { first, second, requestId, recordingId } = await makeScene(world());
    const { db } = world();
    await review(first, requestId, [recordingId]);
    await approve(first, requestId);
    await db.recording.update({
      where: { id: recordingId },
      data: { state: "quarantined", quarantineReason: "digest_mismatch", quarantinedAt: new Date() },
    });
    await expect(approve(second, requestId)).rejects.toThrow("quarantined now");
    expect((await getRequest(second, requestId)).can.approve).toContain("quarantined now");
  });

  test("only sealed recordings are included; what is left out says why", async () => {
    const { first, requestId } = await makeScene(world());
    const { db } = world();
    const received = await factories.makeRecording(db, { state: "received" });
    await openRequest(first, { requestId });
    const decide = (input: object) =>
      decideRecording(first, { requestId, recordingId: received.id, ...input } as never);
    await expect(decide({ decision: "included" })).rejects.toMatchObject({ code: "state_conflict", field: "decision" });
    await expect(decide({ decision: "unavailable" })).rejects.toMatchObject({ code: "invalid_input", field: "reason" });
    await decide({ decision: "unavailable", reason: "Still arriving" });
    await expectCustodyEvent(db, {
      action: "request.matched",
      requestId,
      recordingId: received.id,
      purpose: "Still arriving",
      details: { decision: "unavailable" },
    });
    await expect(
      decideRecording(first, { requestId, recordingId: "R-00000-00000", decision: "included" }),
    ).rejects.toMatchObject({ code: "not_found" });
  });

  test("a denial has a reason that the requester reads, and ends it", async () => {
    const { first, second, requestId, asRequester } = await makeScene(world());
    const { db } = world();
    await expect(denyRequest(first, { requestId, reason: "other", text: "" })).rejects.toMatchObject({ field: "text" });
    await denyRequest(first, { requestId, reason: "nothing_recorded", text: "The camera was off." });
    const request = await getRequest(asRequester, requestId);
    expect(request).toMatchObject({
      state: "denied",
      denialReason: "Nothing was recorded there at that time. The camera was off.",
    });
    await expectCustodyEvent(db, { action: "request.denied", requestId, details: { reason: "nothing_recorded" } });
    await expect(denyRequest(second, { requestId, reason: "other", text: "again" })).rejects.toMatchObject({
      code: "state_conflict",
    });
    await expect(openRequest(first, { requestId })).rejects.toThrow("was denied");
  });
});
