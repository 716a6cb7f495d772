import { buffer } from "node:stream/consumers";
import { describe, expect, test } from "vitest";
import type { Context } from "../context.ts";
import { approve, makeScene, release, review, smallPdf } from "../testing/access.ts";
import { expectCustodyEvent, factories, useTestDatabase } from "../testing/index.ts";
import {
  approveRequest,
  closeRequest,
  decideRecording,
  denyRequest,
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

describe("who may not", () => {
  const world = useTestDatabase();

  test("the order is read by officers and its requester, each time with an event", async () => {
    const { stranger, officers, first, second, requestId, asRequester } = await makeScene(world());
    const { db, context } = world();
    const order = await readOrder(first, requestId);
    expect(await buffer(order.content)).toEqual(smallPdf);
    await expectCustodyEvent(db, { action: "request.order_read", requestId, actorId: officers[0].accountId });
    await expectCustodyEvent(db, { action: "request.order_read", requestId, actorId: officers[0].accountId });
    expect((await getRequest(first, requestId)).order.isReadByCaller).toBe(true);
    expect((await getRequest(second, requestId)).order.isReadByCaller).toBe(false);
    await buffer((await readOrder(asRequester, requestId)).content);
    await expect(readOrder(context(stranger), requestId)).rejects.toMatchObject({ code: "not_found" });
    await expect(readOrder(context(await factories.makeAuditor(db)), requestId)).rejects.toMatchObject({
      code: "forbidden",
    });
  });

  test("who must not know of a request gets the very answer of one that does not exist", async () => {
    const { stranger, requestId } = await makeScene(world());
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
    const scene = await makeScene(world());
    const { requester, officers, requestId, recordingId } = scene;
    const { db, context } = world();
    const releaseId = await release(scene);
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
    const { requester, first, requestId, recordingId } = await makeScene(world());
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
