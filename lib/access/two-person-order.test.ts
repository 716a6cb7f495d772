import fc from "fast-check";
import { beforeAll, describe, expect, test } from "vitest";
import { isAppError } from "../errors.ts";
import { newId } from "../ids.ts";
import { expectTwoPersonRule } from "../testing/access.ts";
import { factories, type TestPerson, useTestDatabase } from "../testing/index.ts";
import {
  approveRequest,
  closeRequest,
  decideRecording,
  denyRequest,
  getRequest,
  openRequest,
  withdrawApproval,
  withdrawRelease,
  withdrawRequest,
} from "./index.ts";
import { scopeSha256 } from "./scope.ts";

const anyScope = "0".repeat(64);

type Recording = { id: string; sha256: Uint8Array };

const included = { in: "included", out: "excluded", lost: "unavailable" } as const;

type Step =
  | { do: "open" | "look" | "approve" | "approveUnseen" | "takeBack" | "deny" | "withdrawRelease"; who: number }
  | { do: "decide"; who: number; what: number; as: keyof typeof included }
  | { do: "withdraw" | "close" }
  | { do: "toggle"; who: number };

// 0 to 2 are officers; 3 is the requester, who is made an officer in the middle of it.
const who = fc.nat(3);
const anyStep: fc.Arbitrary<Step> = fc.oneof(
  { weight: 2, arbitrary: fc.record({ do: fc.constant("open" as const), who }) },
  { weight: 6, arbitrary: fc.record({ do: fc.constant("look" as const), who }) },
  { weight: 9, arbitrary: fc.record({ do: fc.constant("approve" as const), who }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constantFrom("approveUnseen" as const, "takeBack" as const), who }) },
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant("decide" as const),
      who,
      what: fc.nat(1),
      as: fc.constantFrom("in" as const, "in" as const, "in" as const, "out" as const, "lost" as const),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constantFrom("deny" as const, "withdrawRelease" as const), who }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constantFrom("withdraw" as const, "close" as const) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("toggle" as const), who }) },
);

/** The oracle: knows nothing of the code, only of what the rule says. */
class Oracle {
  readonly recordings: Recording[];
  readonly isActive = [true, true, true, true];
  readonly decisions = new Map<number, string>();
  /** Officers whose yes stands, over exactly the present scope. */
  readonly yes = new Set<number>();
  readonly seen = new Map<number, string>();
  released = false;

  constructor(recordings: Recording[]) {
    this.recordings = recordings;
  }

  scope(): string {
    const items = this.recordings.filter((_, index) => this.decisions.get(index) === "in");
    if (items.length === 0) return anyScope;
    return scopeSha256(items.map(({ id, sha256 }) => ({ recordingId: id, sha256 }))).toString("hex");
  }

  decided(what: number, as: string): void {
    if (this.decisions.get(what) === as) return;
    this.decisions.set(what, as);
    this.yes.clear();
  }

  mayApprove(person: number, named: string): boolean {
    return (
      person !== 3 &&
      this.isActive[person] === true &&
      !this.yes.has(person) &&
      named === this.scope() &&
      named !== anyScope
    );
  }

  approved(person: number): void {
    for (const other of this.yes) if (!this.isActive[other]) this.yes.delete(other);
    this.yes.add(person);
    if (this.yes.size === 2) this.released = true;
  }
}

describe("the two-person rule in any order", () => {
  const world = useTestDatabase();
  let officers: TestPerson[];
  let recordings: Recording[];

  beforeAll(async () => {
    const { db } = world();
    officers = [await factories.makeOfficer(db), await factories.makeOfficer(db), await factories.makeOfficer(db)];
    const made = [await factories.makeRecording(db), await factories.makeRecording(db)];
    recordings = made.map(({ id, sha256 }) => ({ id, sha256: sha256 ?? new Uint8Array() }));
  });

  async function play(steps: readonly Step[]): Promise<void> {
    const { db, context } = world();
    const requester = await factories.makeRequester(db);
    const people = [...officers, requester];
    await db.account.updateMany({
      where: { id: { in: officers.map((one) => one.accountId) } },
      data: { state: "active" },
    });
    const { id: requestId } = await factories.makeRequest(db, { requester });
    await db.account.update({ where: { id: requester.accountId }, data: { role: "officer" } });
    const oracle = new Oracle(recordings);
    const asOfficer = (index: number) => context({ ...(people[index] ?? requester), role: "officer" });
    const asRequester = context(requester);

    async function succeeds(act: Promise<unknown>): Promise<boolean> {
      try {
        await act;
        return true;
      } catch (error) {
        if (!isAppError(error) || error.code === "internal") throw error;
        return false;
      }
    }

    async function take(step: Step): Promise<void> {
      if (step.do === "open") await succeeds(openRequest(asOfficer(step.who), { requestId }));
      if (step.do === "look") {
        oracle.seen.set(step.who, (await getRequest(asOfficer(step.who), requestId)).scopeSha256 ?? anyScope);
      }
      if (step.do === "approve" || step.do === "approveUnseen") {
        const named = (step.do === "approve" && oracle.seen.get(step.who)) || anyScope;
        const may = oracle.mayApprove(step.who, named);
        const did = await succeeds(approveRequest(asOfficer(step.who), { requestId, scopeSha256: named }));
        if (did) {
          expect(may, `step ${JSON.stringify(step)}`).toBe(true);
          oracle.approved(step.who);
        }
      }
      if (step.do === "takeBack" && (await succeeds(withdrawApproval(asOfficer(step.who), { requestId })))) {
        expect(oracle.yes.has(step.who)).toBe(true);
        oracle.yes.clear();
      }
      if (step.do === "decide") {
        const input = {
          requestId,
          recordingId: recordings[step.what]?.id ?? "",
          decision: included[step.as],
          reason: "because",
        };
        if (await succeeds(decideRecording(asOfficer(step.who), input))) oracle.decided(step.what, step.as);
      }
      if (step.do === "deny")
        await succeeds(denyRequest(asOfficer(step.who), { requestId, reason: "other", text: "no no" }));
      if (step.do === "withdraw") await succeeds(withdrawRequest(asRequester, { requestId }));
      if (step.do === "close") await succeeds(closeRequest(asRequester, { requestId }));
      if (step.do === "withdrawRelease") {
        const release = await db.release.findUnique({ where: { requestId } });
        const releaseId = release?.id ?? newId("release");
        await succeeds(withdrawRelease(asOfficer(step.who), { releaseId, reason: "because" }));
      }
      if (step.do === "toggle" && step.who < 3) {
        oracle.isActive[step.who] = !oracle.isActive[step.who];
        const state = oracle.isActive[step.who] ? "active" : "disabled";
        await db.account.update({ where: { id: people[step.who]?.accountId ?? "" }, data: { state } });
      }
    }

    for (const step of steps) {
      await take(step);
      expect(await expectTwoPersonRule(db, requestId), `after ${JSON.stringify(step)}`).toBe(oracle.released);
    }
  }

  // The way that leads to a release; a run leaves some of its steps out and puts others in between.
  const straight: Step[] = [
    { do: "open", who: 0 },
    { do: "decide", who: 0, what: 0, as: "in" },
    { do: "look", who: 0 },
    { do: "approve", who: 0 },
    { do: "look", who: 1 },
    { do: "approve", who: 1 },
    { do: "approve", who: 2 },
  ];
  const mostly = fc.integer({ min: 1, max: 12 }).map((n) => n > 1);
  const detour = fc.oneof(
    { weight: 3, arbitrary: fc.constant([]) },
    { weight: 2, arbitrary: fc.array(anyStep, { maxLength: 3 }) },
  );
  const anyRun = fc
    .tuple(
      ...straight.map((step) => fc.tuple(mostly, detour).map(([taken, more]) => [...(taken ? [step] : []), ...more])),
    )
    .map((parts) => parts.flat());

  test("cannot be passed by any order of calls", async () => {
    const before = await world().db.release.count();
    await fc.assert(fc.asyncProperty(anyRun, play), { numRuns: 60 });
    // The runs must reach what they are about.
    expect((await world().db.release.count()) - before).toBeGreaterThan(5);
  }, 180_000);
});
