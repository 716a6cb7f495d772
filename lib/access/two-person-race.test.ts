import { beforeAll, describe, expect, test } from "vitest";
import { newId } from "../ids.ts";
import { expectTwoPersonRule } from "../testing/access.ts";
import { factories, type TestPerson, useTestDatabase } from "../testing/index.ts";
import { approveRequest, decideRecording, denyRequest, getRequest, openRequest, withdrawRequest } from "./index.ts";
import { transact } from "./internal.ts";

const anyScope = "0".repeat(64);

describe("the two-person rule at once", () => {
  const world = useTestDatabase();
  let officers: TestPerson[];
  let recordings: { id: string }[];

  beforeAll(async () => {
    const { db } = world();
    officers = [await factories.makeOfficer(db), await factories.makeOfficer(db), await factories.makeOfficer(db)];
    const made = [await factories.makeRecording(db), await factories.makeRecording(db)];
    recordings = made;
  });

  async function inReview(): Promise<{ requestId: string; scope: string }> {
    const { db, context } = world();
    const { id: requestId } = await factories.makeRequest(db);
    const first = context(officers[0]);
    await openRequest(first, { requestId });
    await decideRecording(first, { requestId, recordingId: recordings[0]?.id ?? "", decision: "included" });
    return { requestId, scope: (await getRequest(first, requestId)).scopeSha256 ?? anyScope };
  }

  const as = (index: number) => world().context(officers[index]);

  /** Runs all at once; how many got through. What did not must have been refused in words, not by a crash. */
  async function atOnce(acts: (() => Promise<unknown>)[]): Promise<boolean[]> {
    const settled = await Promise.allSettled(acts.map((act) => act()));
    for (const one of settled) {
      if (one.status === "rejected") {
        expect(["state_conflict", "already_approved", "forbidden"], String(one.reason)).toContain(one.reason.code);
      }
    }
    return settled.map(({ status }) => status === "fulfilled");
  }

  const rounds = Array.from({ length: 20 });

  test("one officer approving many times at once is one approval", async () => {
    for (const _ of rounds) {
      const { requestId, scope } = await inReview();
      const yes = () => approveRequest(as(0), { requestId, scopeSha256: scope });
      expect((await atOnce([yes, yes, yes, yes])).filter(Boolean)).toHaveLength(1);
      expect(await expectTwoPersonRule(world().db, requestId)).toBe(false);
      const second = () => approveRequest(as(1), { requestId, scopeSha256: scope });
      expect((await atOnce([second, yes, second])).filter(Boolean)).toHaveLength(1);
      expect(await expectTwoPersonRule(world().db, requestId)).toBe(true);
    }
  }, 120_000);

  test("three officers approving at once open one release", async () => {
    for (const _ of rounds) {
      const { requestId, scope } = await inReview();
      const through = await atOnce(
        [0, 1, 2].map((n) => () => approveRequest(as(n), { requestId, scopeSha256: scope })),
      );
      expect(through.filter(Boolean)).toHaveLength(2);
      expect(await expectTwoPersonRule(world().db, requestId)).toBe(true);
    }
  }, 120_000);

  test("a change of scope beside the second approval: one of them happens, never both", async () => {
    for (const _ of rounds) {
      const { requestId, scope } = await inReview();
      await approveRequest(as(0), { requestId, scopeSha256: scope });
      const [approved, changed] = await atOnce([
        () => approveRequest(as(1), { requestId, scopeSha256: scope }),
        () => decideRecording(as(2), { requestId, recordingId: recordings[1]?.id ?? "", decision: "included" }),
      ]);
      expect(approved).not.toBe(changed);
      expect(await expectTwoPersonRule(world().db, requestId)).toBe(approved);
    }
  }, 120_000);

  test("a denial or a withdrawal beside the second approval: one of them happens, never both", async () => {
    const { db, context } = world();
    for (const [index] of rounds.entries()) {
      const { requestId, scope } = await inReview();
      await approveRequest(as(0), { requestId, scopeSha256: scope });
      const { requesterId } = await db.request.findUniqueOrThrow({ where: { id: requestId } });
      const requester: TestPerson = { ...(await factories.makeRequester(db)), accountId: requesterId };
      const [approved, ended] = await atOnce([
        () => approveRequest(as(1), { requestId, scopeSha256: scope }),
        index % 2 === 0
          ? () => denyRequest(as(2), { requestId, reason: "other", text: "no no" })
          : () => withdrawRequest(context(requester), { requestId }),
      ]);
      expect(approved).not.toBe(ended);
      expect(await expectTwoPersonRule(world().db, requestId)).toBe(approved);
    }
  }, 120_000);

  test("the database refuses it too, and that reads as an ordinary conflict", async () => {
    const { db } = world();
    const { requestId, scope } = await inReview();
    const { requesterId } = await db.request.findUniqueOrThrow({ where: { id: requestId } });
    const approval = (approverId: string, ordinal: number) => ({
      id: newId("approval"),
      requestId,
      approverId,
      ordinal,
      scopeSha256: Buffer.from(scope, "hex"),
      approvedAt: new Date(),
    });
    const conflict = { code: "state_conflict" };
    const ctx = as(0);
    await expect(transact(ctx, (tx) => tx.approval.create({ data: approval(requesterId, 1) }))).rejects.toMatchObject(
      conflict,
    );
    await approveRequest(ctx, { requestId, scopeSha256: scope });
    const again = approval(officers[0]?.accountId ?? "", 2);
    await expect(transact(ctx, (tx) => tx.approval.create({ data: again }))).rejects.toMatchObject(conflict);
    const release = {
      id: newId("release"),
      requestId,
      requesterId,
      scopeSha256: Buffer.from(scope, "hex"),
      openedAt: new Date(),
      openUntil: new Date(Date.now() + 1000),
    };
    await expect(transact(ctx, (tx) => tx.release.create({ data: release }))).rejects.toMatchObject(conflict);
  });
});
