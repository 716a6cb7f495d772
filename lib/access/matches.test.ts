import { beforeAll, describe, expect, test } from "vitest";
import { factories, type TestPerson, useTestDatabase } from "../testing/index.ts";
import { decideRecording, getRequest, listMatches, listRequests, openRequest } from "./index.ts";

describe("finding recordings for a request", () => {
  const world = useTestDatabase();
  let officer: TestPerson;
  let requestId: string;
  const ids: Record<string, string> = {};

  beforeAll(async () => {
    const { db } = world();
    officer = await factories.makeOfficer(db);
    const bank = await factories.makeSite(db, { name: "Banco Azul, Serrano 41" });
    const depot = await factories.makeSite(db, { name: "Depot Getafe" });
    const request = await factories.makeRequest(db, {
      data: {
        place: "Serrano 41",
        siteId: bank.id,
        intervalFrom: new Date("2026-03-14T09:15:00Z"),
        intervalUntil: new Date("2026-03-14T09:50:00Z"),
      },
    });
    requestId = request.id;
    const make = async (name: string, from: string, until: string, where: { siteId?: string; place?: string }) => {
      const recording = await factories.makeRecording(db, {
        capturedFrom: new Date(`2026-03-14T${from}Z`),
        capturedUntil: new Date(`2026-03-14T${until}Z`),
        siteId: where.siteId ?? null,
        data: { place: where.place ?? null },
      });
      ids[name] = recording.id;
    };
    await make("before", "09:00:00", "09:14:59", { siteId: bank.id });
    await make("into", "09:10:00", "09:16:00", { siteId: bank.id });
    await make("van", "09:24:00", "09:30:00", { siteId: depot.id, place: "Banco Azul, Serrano 41, Madrid" });
    await make("moving", "09:31:00", "09:37:00", { place: "c/ serrano 41" });
    await make("depot", "09:31:00", "09:37:00", { siteId: depot.id });
    await make("elsewhere", "09:31:00", "09:37:00", { place: "Plaza Mayor 3" });
    await make("outOf", "09:49:59", "10:20:00", { siteId: bank.id });
    await make("after", "09:50:00", "10:20:00", { siteId: bank.id });
  });

  const found = (rows: { recording: { id: string } }[]) =>
    rows.map(({ recording }) => Object.keys(ids).find((name) => ids[name] === recording.id));

  test("what overlaps the interval at the place, by site or by words, in order of start", async () => {
    const { rows, isComplete } = await listMatches(world().context(officer), { requestId });
    expect(found(rows)).toEqual(["into", "van", "moving", "outOf"]);
    expect(isComplete).toBe(true);
  });

  test("everything recorded then, when asked for everywhere", async () => {
    const { rows } = await listMatches(world().context(officer), { requestId, everywhere: true });
    expect(new Set(found(rows))).toEqual(new Set(["into", "van", "moving", "depot", "elsewhere", "outOf"]));
  });

  test("what was decided stays in the list wherever it was found, and is counted", async () => {
    const ctx = world().context(officer);
    await openRequest(ctx, { requestId });
    await decideRecording(ctx, { requestId, recordingId: ids.depot ?? "", decision: "excluded", reason: "Other van" });
    await decideRecording(ctx, { requestId, recordingId: ids.van ?? "", decision: "included" });
    const detail = await getRequest(ctx, requestId);
    expect(new Set(found(detail.matches))).toEqual(new Set(["into", "van", "moving", "depot", "outOf"]));
    expect(detail.matches.find((match) => match.recording.id === ids.depot)).toMatchObject({
      decision: "excluded",
      reason: "Other van",
      decidedBy: officer.name,
    });
    const { rows } = await listRequests(ctx);
    expect(rows.find((row) => row.id === requestId)).toMatchObject({ foundCount: 5, includedCount: 1 });
  });
});

describe("the inbox", () => {
  const world = useTestDatabase();
  let requester: TestPerson;

  beforeAll(async () => {
    const { db } = world();
    requester = await factories.makeRequester(db);
    for (let day = 1; day <= 5; day += 1) {
      await factories.makeRequest(db, {
        ...(day <= 2 ? { requester } : {}),
        data: { answerBy: new Date(`2026-06-0${day}T08:00:00Z`), reference: `AT-${day}` },
      });
    }
    await factories.makeRequest(db, {
      data: { state: "denied", denialReason: "no", endedAt: new Date(), reference: "AT-denied" },
    });
  });

  test("what is due soonest first, page by page, with counts of every state", async () => {
    const ctx = world().context(await factories.makeOfficer(world().db));
    const seen: string[] = [];
    let cursor: string | undefined;
    do {
      const page = await listRequests(ctx, { state: "waiting", limit: 2, ...(cursor ? { cursor } : {}) });
      expect(page.countByState).toMatchObject({ submitted: 5, denied: 1, released: 0 });
      seen.push(...page.rows.map(({ reference }) => reference));
      cursor = page.nextCursor ?? undefined;
    } while (cursor);
    expect(seen).toEqual(["AT-1", "AT-2", "AT-3", "AT-4", "AT-5"]);
    const nul = Buffer.from("2026-01-01T00:00:00Z \u0000").toString("base64url");
    const early = Buffer.from("-271821-04-20T00:00:00Z Q-00000-00000").toString("base64url");
    for (const wrong of ["nonsense", nul, early])
      await expect(listRequests(ctx, { cursor: wrong })).rejects.toMatchObject({ field: "cursor" });
  });

  test("a requester sees and counts their own only; an auditor sees all", async () => {
    const { db, context } = world();
    const own = await listRequests(context(requester));
    expect(own.rows.map(({ reference }) => reference).sort()).toEqual(["AT-1", "AT-2"]);
    expect(own.countByState).toMatchObject({ submitted: 2, denied: 0 });
    const all = await listRequests(context(await factories.makeAuditor(db)));
    expect(all.rows).toHaveLength(6);
  });
});
