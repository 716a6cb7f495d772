import { buffer } from "node:stream/consumers";
import { beforeEach, describe, expect, test } from "vitest";
import type { Context } from "../context.ts";
import { approve, review, smallPdf, submit } from "../testing/access.ts";
import { expectCustodyEvent, factories, type TestPerson, useTestDatabase } from "../testing/index.ts";
import {
  approveRequest,
  closeRequest,
  decideRecording,
  denyRequest,
  expireReleases,
  getRelease,
  getRequest,
  listMatches,
  listRequests,
  openRequest,
  readOrder,
  withdrawApproval,
  withdrawRelease,
  withdrawRequest,
} from "./index.ts";

describe("requests and releases", () => {
  const world = useTestDatabase();
  let requester: TestPerson;
  let stranger: TestPerson;
  let first: Context;
  let second: Context;
  let officers: [TestPerson, TestPerson];
  let requestId: string;
  let recordingId: string;

  beforeEach(async () => {
    const { db, context } = world();
    requester = await factories.makeRequester(db);
    stranger = await factories.makeRequester(db, { organisationId: requester.organisationId });
    officers = [await factories.makeOfficer(db), await factories.makeOfficer(db)];
    first = context(officers[0]);
    second = context(officers[1]);
    recordingId = (await factories.makeRecording(db, { data: { place: "Gran Vía 1" } })).id;
    requestId = await submit(world(), requester);
  });

  const asRequester = () => world().context(requester);
  const stateOf = async () => (await world().db.request.findUniqueOrThrow({ where: { id: requestId } })).state;
  const scope = async () => (await getRequest(first, requestId)).scopeSha256 ?? "0".repeat(64);

  async function release(): Promise<string> {
    await review(first, requestId, [recordingId]);
    await approve(first, requestId);
    const { releaseId } = await approve(second, requestId);
    if (releaseId === null) throw new Error("the second approval opened no release");
    return releaseId;
  }

  test("one officer finds it, a second one agrees, and it is released to the requester alone", async () => {
    const { db, clock, context } = world();
    await review(first, requestId, [recordingId]);
    expect(await approve(first, requestId)).toEqual({ ordinal: 1, releaseId: null });
    expect(await stateOf()).toBe("approved");
    const scopeSha256 = await scope();
    const { releaseId } = await approve(second, requestId);
    expect(await stateOf()).toBe("released");

    const view = await getRelease(asRequester(), String(releaseId));
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
    await review(first, requestId, [recordingId]);
    await expect(approveRequest(first, { requestId, scopeSha256: "0".repeat(64) })).rejects.toMatchObject({
      code: "state_conflict",
    });
    await expect(approveRequest(first, { requestId, scopeSha256: "yes" })).rejects.toMatchObject({
      code: "invalid_input",
    });
    expect(await stateOf()).toBe("in_review");
  });

  test("the same officer cannot approve twice, and nobody approves with nothing included", async () => {
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
    const { db } = world();
    const other = await factories.makeRecording(db);
    await review(first, requestId, [recordingId]);
    await approve(first, requestId);
    await decideRecording(second, { requestId, recordingId: other.id, decision: "included" });
    expect(await stateOf()).toBe("in_review");
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
    const { db } = world();
    await review(first, requestId, [recordingId]);
    await approve(first, requestId);
    await expect(withdrawApproval(second, { requestId })).rejects.toMatchObject({ code: "state_conflict" });
    await withdrawApproval(first, { requestId });
    expect(await stateOf()).toBe("in_review");
    await expectCustodyEvent(db, { action: "request.approval_voided", requestId, actorId: officers[0].accountId });
    await expect(withdrawApproval(first, { requestId })).rejects.toMatchObject({ code: "state_conflict" });
    expect((await approve(second, requestId)).ordinal).toBe(1);
  });

  test("the same decision again changes nothing, and voids nothing", async () => {
    await review(first, requestId, [recordingId]);
    await approve(first, requestId);
    await decideRecording(second, { requestId, recordingId, decision: "included" });
    expect(await stateOf()).toBe("approved");
  });

  test("an approval by an officer who was disabled since counts for nothing", async () => {
    const { db } = world();
    await review(first, requestId, [recordingId]);
    await approve(first, requestId);
    await db.account.update({ where: { id: officers[0].accountId }, data: { state: "disabled" } });
    expect(await approve(second, requestId)).toEqual({ ordinal: 1, releaseId: null });
    expect(await stateOf()).toBe("approved");
    await expectCustodyEvent(db, { action: "request.approval_voided", requestId, accountId: officers[0].accountId });
  });

  test("a recording that is quarantined after the first approval stops the second", async () => {
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

  test("a requester sees nothing of the matching before the release, and what is unavailable after it", async () => {
    const { db } = world();
    const lost = await factories.makeRecording(db, { state: "quarantined", data: { place: "Gran Vía 1" } });
    await review(first, requestId, [recordingId]);
    await decideRecording(first, { requestId, recordingId: lost.id, decision: "unavailable", reason: "Damaged" });
    const before = await getRequest(asRequester(), requestId);
    expect(before).toMatchObject({
      matches: [],
      approvalsGiven: [],
      scopeSha256: null,
      includedCount: 0,
      foundCount: 0,
    });
    await approve(first, requestId);
    await approve(second, requestId);
    const after = await getRequest(asRequester(), requestId);
    expect(after.release?.unavailable).toEqual([{ recordingId: lost.id, reason: "Damaged" }]);
    expect(JSON.stringify(after)).not.toContain(officers[0].name);
    expect(after.steps.map(({ action }) => action)).toEqual([
      "request.submitted",
      "request.opened",
      "request.approved",
      "request.approved",
      "release.opened",
    ]);
  });

  test("a denial has a reason that the requester reads, and ends it", async () => {
    const { db } = world();
    await expect(denyRequest(first, { requestId, reason: "other", text: "" })).rejects.toMatchObject({ field: "text" });
    await denyRequest(first, { requestId, reason: "nothing_recorded", text: "The camera was off." });
    const request = await getRequest(asRequester(), requestId);
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

  test("the requester withdraws before the release, not after", async () => {
    const { db } = world();
    await withdrawRequest(asRequester(), { requestId });
    await expectCustodyEvent(db, { action: "request.withdrawn", requestId, actorId: requester.accountId });
    requestId = await submit(world(), requester);
    await release();
    await expect(withdrawRequest(asRequester(), { requestId })).rejects.toMatchObject({ code: "state_conflict" });
  });

  test("a release is withdrawn at once, once, with a reason the requester reads", async () => {
    const { db } = world();
    const releaseId = await release();
    await withdrawRelease(first, { releaseId, reason: "Order revoked by the court" });
    expect(await getRelease(asRequester(), releaseId)).toMatchObject({
      isOpen: false,
      withdrawReason: "Order revoked by the court",
    });
    expect(await stateOf()).toBe("closed");
    await expectCustodyEvent(db, {
      action: "release.withdrawn",
      releaseId,
      recordingId,
      actorId: officers[0].accountId,
    });
    await expect(withdrawRelease(second, { releaseId, reason: "again" })).rejects.toMatchObject({
      code: "state_conflict",
    });
    await expect(withdrawRelease(second, { releaseId: "L-00000-00000", reason: "none" })).rejects.toMatchObject({
      code: "not_found",
    });
  });

  test("the requester confirms receipt; the release stays open until its date and can still be withdrawn", async () => {
    const { db } = world();
    const releaseId = await release();
    await closeRequest(asRequester(), { requestId });
    await expectCustodyEvent(db, { action: "request.closed", requestId, details: { receiptConfirmed: true } });
    expect(await getRelease(asRequester(), releaseId)).toMatchObject({ isOpen: true });
    await expect(closeRequest(first, { requestId })).rejects.toMatchObject({ code: "state_conflict" });
    await withdrawRelease(first, { releaseId, reason: "Order revoked" });
    expect(await getRelease(asRequester(), releaseId)).toMatchObject({ isOpen: false });
  });

  test("a release runs out on its date; the job says so once", async () => {
    const { db, clock, context } = world();
    const now = clock.now();
    const releaseId = await release();
    await expect(expireReleases(first)).rejects.toMatchObject({ code: "forbidden" });
    expect(await expireReleases(context())).toBe(0);
    clock.advance(14 * 86_400_000);
    expect(await getRelease(asRequester(), releaseId)).toMatchObject({ isOpen: false });
    await expect(withdrawRelease(first, { releaseId, reason: "late" })).rejects.toThrow("run out already");
    const due = await db.request.count({ where: { state: "released" } });
    const runs = await Promise.all([expireReleases(context()), expireReleases(context())]);
    expect(runs[0] + runs[1]).toBe(due);
    expect(await stateOf()).toBe("expired");
    expect(await db.custodyEvent.count({ where: { action: "release.expired", requestId } })).toBe(1);
    clock.set(now);
  });

  test("the order is read by officers and its requester, each time with an event", async () => {
    const { db, context } = world();
    const order = await readOrder(first, requestId);
    expect(await buffer(order.content)).toEqual(smallPdf);
    await expectCustodyEvent(db, { action: "request.order_read", requestId, actorId: officers[0].accountId });
    await expectCustodyEvent(db, { action: "request.order_read", requestId, actorId: officers[0].accountId });
    expect((await getRequest(first, requestId)).order.isReadByCaller).toBe(true);
    expect((await getRequest(second, requestId)).order.isReadByCaller).toBe(false);
    await buffer((await readOrder(asRequester(), requestId)).content);
    await expect(readOrder(context(stranger), requestId)).rejects.toMatchObject({ code: "not_found" });
    await expect(readOrder(context(await factories.makeAuditor(db)), requestId)).rejects.toMatchObject({
      code: "forbidden",
    });
  });

  test("who must not know of a request gets the very answer of one that does not exist", async () => {
    const ctx = world().context(stranger);
    const problems = async (id: string) => {
      const acts = [() => getRequest(ctx, id), () => withdrawRequest(ctx, { requestId: id }), () => readOrder(ctx, id)];
      acts.push(() => closeRequest(ctx, { requestId: id }) as never);
      const settled = await Promise.allSettled(acts.map((act) => act()));
      return settled.map((one) =>
        one.status === "rejected" ? `${one.reason.code} ${one.reason.message}` : "answered",
      );
    };
    const real = await problems(requestId);
    expect(real).toEqual(await problems("Q-00000-00000"));
    expect(real).toEqual(await problems("no id at all"));
    expect(new Set(real)).toEqual(new Set(["not_found No such request."]));
  });

  test("every verb refuses the roles that have no part in it, and custody says so", async () => {
    const { db, context } = world();
    const releaseId = await release();
    const people = [await factories.makeAdmin(db), await factories.makeAuditor(db), requester];
    const reviewing = [
      (ctx: Context) => openRequest(ctx, { requestId }),
      (ctx: Context) => listMatches(ctx, { requestId }),
      (ctx: Context) => decideRecording(ctx, { requestId, recordingId, decision: "included" }),
      (ctx: Context) => approveRequest(ctx, { requestId, scopeSha256: "0".repeat(64) }),
      (ctx: Context) => withdrawApproval(ctx, { requestId }),
      (ctx: Context) => denyRequest(ctx, { requestId, reason: "other", text: "because" }),
      (ctx: Context) => withdrawRelease(ctx, { releaseId, reason: "because" }),
    ];
    const asking = [
      (ctx: Context) => withdrawRequest(ctx, { requestId }),
      (ctx: Context) => getRelease(ctx, releaseId),
    ];
    for (const person of people) {
      for (const act of reviewing) await expect(act(context(person))).rejects.toMatchObject({ code: "forbidden" });
    }
    for (const person of [people[0], people[1], officers[0]]) {
      for (const act of asking) await expect(act(context(person))).rejects.toMatchObject({ code: "forbidden" });
    }
    const admin = context(people[0]);
    for (const act of [
      () => listRequests(admin),
      () => getRequest(admin, requestId),
      () => readOrder(admin, requestId),
    ]) {
      await expect(act()).rejects.toMatchObject({ code: "forbidden" });
    }
    await expectCustodyEvent(db, {
      action: "access.refused",
      outcome: "refused",
      details: { permission: "requests.approve" },
    });
    await expect(approveRequest(context({ kind: "nobody" }), { requestId, scopeSha256: "" })).rejects.toMatchObject({
      code: "unauthenticated",
    });
  });

  test("an officer who once asked as a requester decides nothing about that request", async () => {
    const { db, context } = world();
    await db.account.update({ where: { id: requester.accountId }, data: { role: "officer" } });
    const turned = context({ ...requester, role: "officer" });
    await expect(openRequest(turned, { requestId })).rejects.toMatchObject({ code: "own_request" });
    await review(first, requestId, [recordingId]);
    await expect(approve(turned, requestId)).rejects.toMatchObject({ code: "own_request" });
    await expect(denyRequest(turned, { requestId, reason: "other", text: "because" })).rejects.toMatchObject({
      code: "own_request",
    });
    expect((await getRequest(turned, requestId)).can.approve).toContain("You asked for this yourself");
  });
});
