import { createHash } from "node:crypto";
import { buffer } from "node:stream/consumers";
import { beforeAll, describe, expect, test } from "vitest";
import { askInput, smallPdf, streamOf } from "../testing/access.ts";
import { expectCustodyEvent, factories, type TestPerson, useTestDatabase } from "../testing/index.ts";
import { orderKey } from "./order-file.ts";
import { submitRequest } from "./submit-request.ts";

describe("submitRequest", () => {
  const world = useTestDatabase();
  let requester: TestPerson;

  beforeAll(async () => {
    requester = await factories.makeRequester(world().db);
  });

  const submit = (over: Partial<typeof askInput> | Record<string, unknown> = {}, pdf: Uint8Array = smallPdf) =>
    submitRequest(world().context(requester), { ...askInput, ...over } as typeof askInput, streamOf(pdf, 1000));

  async function listOrders(): Promise<string[]> {
    const keys: string[] = [];
    for await (const key of world().storage.list("orders/")) keys.push(key);
    return keys;
  }

  async function expectNothingKept(act: () => Promise<unknown>, error: object): Promise<void> {
    const { db } = world();
    const before = await db.request.count();
    const orders = await listOrders();
    await expect(act()).rejects.toMatchObject(error);
    expect(await db.request.count()).toBe(before);
    expect(await listOrders()).toEqual(orders);
  }

  test("keeps what was asked and the order's very bytes", async () => {
    const { db, storage, clock } = world();
    const { id } = await submit();
    const row = await db.request.findUniqueOrThrow({ where: { id } });
    expect(row).toMatchObject({
      state: "submitted",
      requesterId: requester.accountId,
      intervalFrom: new Date("2026-03-02T08:00:00Z"),
      intervalUntil: new Date("2026-03-02T10:00:00Z"),
      orderSizeBytes: smallPdf.length,
      createdAt: clock.now(),
      answerBy: new Date(clock.now().getTime() + 10 * 86_400_000),
    });
    const sha256 = createHash("sha256").update(smallPdf).digest();
    expect(Buffer.from(row.orderSha256)).toEqual(sha256);
    expect(await buffer(storage.read(orderKey(id)))).toEqual(smallPdf);
    await expectCustodyEvent(db, {
      action: "request.submitted",
      requestId: id,
      actorId: requester.accountId,
      purpose: askInput.purpose,
      details: { legalBasis: "police_request", orderSha256: sha256.toString("hex") },
    });
  });

  test("an emergency is due in hours", async () => {
    const { id } = await submit({ legalBasis: "emergency" });
    const row = await world().db.request.findUniqueOrThrow({ where: { id } });
    expect(row.answerBy.getTime() - row.createdAt.getTime()).toBe(8 * 3_600_000);
  });

  describe("of somebody who asks all day", () => {
    test("is refused after 50 in 24 hours, until the first of them is a day old", async () => {
      const { db, clock } = world();
      const eager = await factories.makeRequester(db);
      const ask = () => submitRequest(world().context(eager), askInput, streamOf(smallPdf));
      const startedAt = clock.now();
      for (let n = 0; n < 50; n++)
        await factories.makeRequest(db, {
          requester: eager,
          data: { createdAt: new Date(startedAt.getTime() + n * 1000) },
        });
      clock.advance(3_600_000);
      await expectNothingKept(ask, { code: "too_many_requests", status: 429, retryAfterSeconds: 23 * 3600 });
      await expectCustodyEvent(db, {
        action: "access.refused",
        outcome: "refused",
        actorId: eager.accountId,
        details: { permission: "requests.submit", reason: "too_many_requests" },
      });
      await submit(); // somebody else's are their own
      clock.advance(23 * 3_600_000);
      await ask();
      clock.set(startedAt);
    });

    test("cannot pass by asking many times at once", async () => {
      const { db, clock } = world();
      const eager = await factories.makeRequester(db);
      for (let n = 0; n < 48; n++)
        await factories.makeRequest(db, { requester: eager, data: { createdAt: clock.now() } });
      const ask = () => submitRequest(world().context(eager), askInput, streamOf(smallPdf));
      const answers = await Promise.allSettled(Array.from({ length: 6 }, ask));
      expect(answers.filter(({ status }) => status === "fulfilled").length).toBe(2);
      expect(await db.request.count({ where: { requesterId: eager.accountId } })).toBe(50);
    });
  });

  describe("refuses, and keeps nothing of it", () => {
    test.each([
      [{ place: "  " }, "place"],
      [{ purpose: "" }, "purpose"],
      [{ reference: "a\u202eb" }, "reference"],
      [{ timeZone: "Mars/Olympus" }, "timeZone"],
      [{ timeZone: "+02:00" }, "timeZone"],
      [{ legalBasis: "curiosity" }, "legalBasis"],
      [{ legalBasis: "insurance_claim" }, "legalBasis"],
      [{ intervalFrom: "never" }, "intervalFrom"],
      [{ intervalFrom: "2026-03-02T11:00" }, "intervalUntil"],
      [{ intervalFrom: "2026-06-01T11:00", intervalUntil: "2026-06-01T12:00" }, "intervalFrom"],
      [{ intervalUntil: "2026-04-20T11:00" }, "intervalUntil"],
      [{ siteId: "S-00000-00000" }, "siteId"],
      [{ orderFileName: "x".repeat(1025) }, "orderFileName"],
    ])("%o", (over, field) => expectNothingKept(() => submit(over), { code: "invalid_input", field }));

    test("an order that is too large, as soon as it is", async () => {
      const { db } = world();
      await db.setting.create({ data: { key: "orderMaxBytes", value: 65_536, updatedAt: new Date() } });
      let sent = 0;
      async function* endless() {
        yield smallPdf;
        for (;;) {
          sent += 4096;
          yield new Uint8Array(4096);
        }
      }
      await expectNothingKept(() => submitRequest(world().context(requester), askInput, endless()), {
        code: "too_large",
        field: "order",
      });
      expect(sent).toBeLessThan(100_000);
      await db.setting.deleteMany();
    });

    test("an order that is no PDF, and one whose sender goes away", async () => {
      const error = { code: "unsupported_media_type", field: "order" };
      await expectNothingKept(() => submit({}, Buffer.from("<!doctype html><script>1</script>")), error);
      await expectNothingKept(() => submit({}, new Uint8Array()), error);
      async function* cut() {
        yield smallPdf;
        throw new Error("socket closed");
      }
      await expectNothingKept(() => submitRequest(world().context(requester), askInput, cut()), {
        message: "socket closed",
      });
    });

    test("everyone but a requester", async () => {
      const { db, context } = world();
      for (const person of [
        await factories.makeOfficer(db),
        await factories.makeAuditor(db),
        await factories.makeAdmin(db),
      ]) {
        const act = () => submitRequest(context(person), askInput, streamOf(smallPdf));
        await expectNothingKept(act, { code: "forbidden" });
        await expectCustodyEvent(db, { action: "access.refused", outcome: "refused", actorId: person.accountId });
      }
      const nobody = () => submitRequest(context({ kind: "nobody" }), askInput, streamOf(smallPdf));
      await expectNothingKept(nobody, { code: "unauthenticated" });
    });
  });

  test("a hostile file name becomes a harmless one", async () => {
    const { id } = await submit({ orderFileName: "../../etc/\u202epas\u0000swd.pdf" });
    const row = await world().db.request.findUniqueOrThrow({ where: { id } });
    expect(row.orderFileName).toBe("_pas_swd.pdf");
  });
});
