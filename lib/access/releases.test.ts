import { describe, expect, test } from "vitest";
import { approve, makeScene, release, review } from "../testing/access.ts";
import { expectCustodyEvent, factories, useTestDatabase } from "../testing/index.ts";
import {
  closeRequest,
  decideRecording,
  expireReleases,
  getRelease,
  getRequest,
  withdrawRelease,
  withdrawRequest,
} from "./index.ts";

describe("releases and what a requester sees", () => {
  const world = useTestDatabase();
  const stateOf = async (requestId: string) =>
    (await world().db.request.findUniqueOrThrow({ where: { id: requestId } })).state;

  test("a requester sees nothing of the matching before the release, and what is unavailable after it", async () => {
    const { officers, first, second, requestId, recordingId, asRequester } = await makeScene(world());
    const { db } = world();
    const lost = await factories.makeRecording(db, { state: "quarantined", data: { place: "Gran Vía 1" } });
    await review(first, requestId, [recordingId]);
    await decideRecording(first, { requestId, recordingId: lost.id, decision: "unavailable", reason: "Damaged" });
    const before = await getRequest(asRequester, requestId);
    expect(before).toMatchObject({
      matches: [],
      approvalsGiven: [],
      scopeSha256: null,
      includedCount: 0,
      foundCount: 0,
    });
    await approve(first, requestId);
    await approve(second, requestId);
    const after = await getRequest(asRequester, requestId);
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

  test("the requester withdraws before the release, not after", async () => {
    const { db } = world();
    const early = await makeScene(world());
    await withdrawRequest(early.asRequester, { requestId: early.requestId });
    const actorId = early.requester.accountId;
    await expectCustodyEvent(db, { action: "request.withdrawn", requestId: early.requestId, actorId });
    const late = await makeScene(world());
    await release(late);
    await expect(withdrawRequest(late.asRequester, { requestId: late.requestId })).rejects.toMatchObject({
      code: "state_conflict",
    });
  });

  test("a release is withdrawn at once, once, with a reason the requester reads", async () => {
    const scene = await makeScene(world());
    const { officers, first, second, requestId, recordingId, asRequester } = scene;
    const { db } = world();
    const releaseId = await release(scene);
    await withdrawRelease(first, { releaseId, reason: "Order revoked by the court" });
    expect(await getRelease(asRequester, releaseId)).toMatchObject({
      isOpen: false,
      withdrawReason: "Order revoked by the court",
    });
    expect(await stateOf(requestId)).toBe("closed");
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
    const scene = await makeScene(world());
    const { first, requestId, asRequester } = scene;
    const { db } = world();
    const releaseId = await release(scene);
    await closeRequest(asRequester, { requestId });
    await expectCustodyEvent(db, { action: "request.closed", requestId, details: { receiptConfirmed: true } });
    expect(await getRelease(asRequester, releaseId)).toMatchObject({ isOpen: true });
    await expect(closeRequest(first, { requestId })).rejects.toMatchObject({ code: "state_conflict" });
    await withdrawRelease(first, { releaseId, reason: "Order revoked" });
    expect(await getRelease(asRequester, releaseId)).toMatchObject({ isOpen: false });
  });

  test("a release runs out on its date; the job says so once", async () => {
    const scene = await makeScene(world());
    const { first, requestId, asRequester } = scene;
    const { db, clock, context } = world();
    const now = clock.now();
    const releaseId = await release(scene);
    await expect(expireReleases(first)).rejects.toMatchObject({ code: "forbidden" });
    expect(await expireReleases(context())).toBe(0);
    clock.advance(14 * 86_400_000);
    expect(await getRelease(asRequester, releaseId)).toMatchObject({ isOpen: false });
    await expect(withdrawRelease(first, { releaseId, reason: "late" })).rejects.toThrow("run out already");
    const due = await db.request.count({ where: { state: "released" } });
    const runs = await Promise.all([expireReleases(context()), expireReleases(context())]);
    expect(runs[0] + runs[1]).toBe(due);
    expect(await stateOf(requestId)).toBe("expired");
    expect(await db.custodyEvent.count({ where: { action: "release.expired", requestId } })).toBe(1);
    clock.set(now);
  });

  test("a release that cannot be changed does not keep the others open", async () => {
    const { db, clock, context } = world();
    const now = clock.now();
    const scenes = [await makeScene(world()), await makeScene(world())].sort((a, b) =>
      a.requestId < b.requestId ? -1 : 1,
    );
    for (const scene of scenes) await release(scene);
    const [stuck, next] = scenes.map((scene) => scene.requestId);
    clock.advance(14 * 86_400_000);
    await db.$executeRawUnsafe(`CREATE TRIGGER stuck BEFORE UPDATE ON request FOR EACH ROW
      WHEN (OLD.id = '${stuck}') EXECUTE FUNCTION strongroom_refuse('it is stuck')`);
    await expect(expireReleases(context())).rejects.toThrow("1 of 2 could not expire");
    expect(await stateOf(next ?? "")).toBe("expired");
    await db.$executeRawUnsafe("DROP TRIGGER stuck ON request");
    expect(await expireReleases(context())).toBe(1);
    clock.set(now);
  });
});
