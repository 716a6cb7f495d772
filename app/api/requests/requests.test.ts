import { createHash } from "node:crypto";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { provideServices, type Services } from "@/lib/services.ts";
import { smallPdf } from "@/lib/testing/access.ts";
import { factories, type TestPerson, useTestDatabase } from "@/lib/testing/index.ts";
import { makeSessionCookie } from "@/server/session.ts";
import { GET as getReleaseRoute } from "../releases/[id]/route";
import { POST as approvals } from "./[id]/approvals/route";
import { POST as decisions } from "./[id]/decisions/route";
import { POST as open } from "./[id]/open/route";
import { GET as getOrder } from "./[id]/order/route";
import { GET as getOne } from "./[id]/route";
import { POST as ask, GET as list } from "./route";

const archive = "http://archive.example";

describe("requests over HTTP", () => {
  const world = useTestDatabase();
  let services: Services;
  const people = new Map<string, TestPerson>();
  let requestId: string;

  beforeAll(async () => {
    const { db, context, clock, storage } = world();
    const { log, jobs } = context();
    const env = { publicUrl: archive, authSecret: "0".repeat(32) };
    services = { env, db, storage, clock, log, jobs } as unknown as Services; // what these routes use of it
    provideServices(services);
    people.set("requester", await factories.makeRequester(db));
    people.set("stranger", await factories.makeRequester(db));
    people.set("officer", await factories.makeOfficer(db));
    people.set("second", await factories.makeOfficer(db));
    people.set("auditor", await factories.makeAuditor(db));
    people.set("admin", await factories.makeAdmin(db));
  });

  afterAll(() => provideServices(undefined));

  async function call(
    who: string,
    route: (request: Request, context: { params: Promise<{ id: string }> }) => Promise<Response>,
    init: RequestInit = {},
    id = requestId,
  ): Promise<Response> {
    const headers = new Headers(init.headers);
    const person = people.get(who);
    if (person) {
      const cookie = await makeSessionCookie(services, { accountId: person.accountId, sessionEpoch: 1 });
      headers.set("Cookie", `${cookie.name}=${cookie.value}`);
    }
    return route(new Request(`${archive}/api/requests`, { ...init, headers }), { params: Promise.resolve({ id }) });
  }

  function form(over: Record<string, string> = {}, order: BlobPart = new Uint8Array(smallPdf)): RequestInit {
    const data = new FormData();
    const fields = {
      place: "Gran Vía 1",
      siteId: "",
      intervalFrom: "2026-03-02T09:00",
      intervalUntil: "2026-03-02T11:00",
      timeZone: "Europe/Madrid",
      legalBasis: "police_request",
      authority: "Comisaría Centro",
      reference: "AT-1",
      purpose: "Robbery",
      ...over,
    };
    for (const [name, value] of Object.entries(fields)) data.append(name, value);
    data.append("order", new Blob([order]), "auto ñ.pdf");
    return { method: "POST", body: data };
  }

  const json = (body: object): RequestInit => ({ method: "POST", body: JSON.stringify(body) });
  const codeOf = async (response: Response) => [response.status, (await response.json()).code];

  test("a requester asks with a form, and gets back the very order", async () => {
    const answer = await call("requester", ask, form());
    expect(answer.status).toBe(201);
    requestId = (await answer.json()).id;
    expect(answer.headers.get("Location")).toBe(`/api/requests/${requestId}`);
    const order = await call("requester", getOrder);
    expect(Buffer.from(await order.arrayBuffer())).toEqual(smallPdf);
    expect(order.headers.get("Content-Disposition")).toMatch(
      /^attachment; filename=.*; filename\*=UTF-8''auto%20%C3%B1.pdf$/,
    );
    const digest = createHash("sha256").update(smallPdf).digest("base64");
    expect(order.headers.get("Repr-Digest")).toBe(`sha-256=:${digest}:`);
    expect(order.headers.get("Cache-Control")).toContain("no-store");
  });

  test("what is wrong with a form is said with its field", async () => {
    const refused = await (await call("requester", ask, form({ intervalFrom: "soon" }))).json();
    expect(refused).toMatchObject({ status: 400, code: "invalid_input", field: "intervalFrom" });
    const html = await (await call("requester", ask, form({}, "<script>1</script>"))).json();
    expect(html).toMatchObject({ status: 415, code: "unsupported_media_type", field: "order" });
    const bare = await call("requester", ask, { method: "POST", body: "{}" });
    expect(await codeOf(bare)).toEqual([415, "unsupported_media_type"]);
  });

  test("another site's page cannot ask in somebody's name", async () => {
    for (const headers of [
      { Origin: "https://evil.example" },
      { Origin: "null" },
      { "Sec-Fetch-Site": "cross-site" },
    ]) {
      expect(await codeOf(await call("requester", ask, { ...form(), headers }))).toEqual([403, "forbidden"]);
    }
    expect((await call("requester", ask, { ...form(), headers: { Origin: archive } })).status).toBe(201);
  });

  test.each([
    ["nobody", 401, 401, 401],
    ["admin", 403, 403, 403],
    ["auditor", 200, 200, 403],
    ["officer", 200, 200, 200],
    ["requester", 200, 200, 200],
    ["stranger", 200, 404, 404],
  ])("%s lists with %i, reads one with %i and its order with %i", async (who, listed, read, order) => {
    expect((await call(who, list)).status).toBe(listed);
    expect((await call(who, getOne)).status).toBe(read);
    expect((await call(who, getOrder)).status).toBe(order);
  });

  test("what is not one's own is answered like what does not exist", async () => {
    const own = await call("stranger", getOne);
    const none = await call("stranger", getOne, {}, "Q-00000-00000");
    expect(await own.text()).toBe(await none.text());
  });

  test("the way to a release, and its answers", async () => {
    const { db } = world();
    const recording = await factories.makeRecording(db);
    expect((await call("officer", open, { method: "POST" })).status).toBe(200);
    expect(await codeOf(await call("officer", open, { method: "POST" }))).toEqual([409, "state_conflict"]);
    expect(await codeOf(await call("requester", open, { method: "POST" }))).toEqual([403, "forbidden"]);
    expect(await codeOf(await call("officer", decisions, { method: "POST", body: "{" }))).toEqual([
      400,
      "invalid_input",
    ]);
    const decided = await call("officer", decisions, json({ recordingId: recording.id, decision: "included" }));
    expect(decided.status).toBe(200);
    const { scopeSha256 } = await (await call("officer", getOne)).json();
    expect(await (await call("officer", approvals, json({ scopeSha256 }))).json()).toMatchObject({ ordinal: 1 });
    expect(await codeOf(await call("officer", approvals, json({ scopeSha256 })))).toEqual([409, "already_approved"]);
    const { releaseId } = await (await call("second", approvals, json({ scopeSha256 }))).json();
    const release = await (await call("requester", getReleaseRoute, {}, releaseId)).json();
    expect(release).toMatchObject({ id: releaseId, isOpen: true, recordings: [{ id: recording.id }] });
    expect((await call("stranger", getReleaseRoute, {}, releaseId)).status).toBe(404);
    expect((await call("officer", getReleaseRoute, {}, releaseId)).status).toBe(403);
  });
});
