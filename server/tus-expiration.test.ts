import { randomBytes } from "node:crypto";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { systemClock } from "../lib/clock.ts";
import { recordingKey } from "../lib/recordings/index.ts";
import { openFileBlobStore } from "../lib/storage/index.ts";
import { expectCustodyEvent, factories, useTestDatabase } from "../lib/testing/index.ts";
import { expireUploads } from "../lib/uploads/index.ts";
import { findUpload } from "./testing/find-upload.ts";
import { type ApiServer, startApiServer } from "./testing/start-api-server.ts";
import { type Answer, tusDevice } from "./testing/tus-client.ts";

const days = 86_400_000;
const httpDate = /^(Mon|Tue|Wed|Thu|Fri|Sat|Sun), \d{2} [A-Z][a-z]{2} \d{4} [\d:]{8} GMT$/;
const idOf = (location: string) => location.split("/").at(-1) ?? "";
const expiresInDays = ({ headers }: Answer) => (Date.parse(String(headers["upload-expires"])) - Date.now()) / days;

describe("tus 1.0, expiration", () => {
  const world = useTestDatabase();
  let server: ApiServer;
  let client: ReturnType<typeof tusDevice>;

  beforeAll(async () => {
    server = await startApiServer({ databaseUrl: world().databaseUrl, dataDir: world().dir, hasWorkers: false });
    const { token } = await factories.makeDevice(world().db);
    client = tusDevice(() => server.url, token);
  });
  afterAll(() => server.stop());

  const stored = () => openFileBlobStore(`${world().dir}/storage`);
  const job = () =>
    world().context({ kind: "system", name: "upload.expire" }, { clock: systemClock, storage: stored() });
  const created = async (length: number) => String((await client.create(length)).headers.location);
  const rowOf = (location: string) => findUpload(world().db, location);
  const age = (location: string, time: number) =>
    world().db.upload.update({
      where: { id: idOf(location) },
      data: { lastActivityAt: new Date(Date.now() - time) },
    });

  it("Upload-Expires is on POST, HEAD and PATCH as RFC 9110 writes dates, and on refusals", async () => {
    const made = await client.create(10);
    const location = String(made.headers.location);
    const answers = [
      made,
      await client.head(location),
      await client.patch(location, 0, randomBytes(4)),
      await client.patch(location, 0, randomBytes(4)),
    ];
    expect(answers.map(({ status }) => status)).toEqual([201, 200, 204, 409]);
    for (const answer of answers) {
      expect(answer.headers["upload-expires"]).toMatch(httpDate);
      expect(expiresInDays(answer)).toBeCloseTo(30, 2);
    }
  });

  it("a complete upload never expires", async () => {
    const location = await created(4);
    const answers = [
      await client.patch(location, 0, randomBytes(4)),
      await client.head(location),
      await client.create(0),
    ];
    for (const { headers } of answers) expect(headers).not.toHaveProperty("upload-expires");
    await age(location, 400 * days);
    await expireUploads(job(), 30 * days);
    expect((await client.head(location)).status).toBe(200);
  });

  it("every PATCH moves the date", async () => {
    const location = await created(10);
    await age(location, 29 * days);
    expect(expiresInDays(await client.head(location))).toBeCloseTo(1, 2);
    expect(expiresInDays(await client.patch(location, 0, randomBytes(4)))).toBeCloseTo(30, 2);
    expect(expiresInDays(await client.head(location))).toBeCloseTo(30, 2);
  });

  it("an abandoned upload is ended once, with its bytes: 410, and the recording stays", async () => {
    const [old, young] = [await created(10), await created(10)];
    for (const location of [old, young]) await client.patch(location, 0, randomBytes(4));
    await age(old, 30 * days + 60_000);
    await age(young, 30 * days - 60_000);
    const ended = await Promise.all([expireUploads(job(), 30 * days), expireUploads(job(), 30 * days)]);
    expect(ended.sort()).toEqual([0, 1]);
    expect(await expireUploads(job(), 30 * days)).toBe(0);

    const gone = [await client.head(old), await client.patch(old, 4, randomBytes(6)), await client.remove(old)];
    expect(gone.map(({ status }) => status)).toEqual([410, 410, 410]);
    for (const { headers } of gone) expect(headers).not.toHaveProperty("upload-expires");
    expect((await client.patch(young, 4, randomBytes(6))).status).toBe(204);

    const { state, recording } = await rowOf(old);
    expect([state, recording.state]).toEqual(["terminated", "receiving"]);
    expect(await stored().size(recordingKey(recording.id))).toBeNull();
    const event = { action: "upload.expired", recordingId: recording.id } as const;
    await expectCustodyEvent(world().db, event);
    expect(await world().db.custodyEvent.count({ where: event })).toBe(1);
  });

  it("an upload that somebody is writing is not abandoned, however old", async () => {
    const location = await created(1_000_000);
    const { request, answered } = client.openPatch(location, 0, 1_000_000);
    request.write(randomBytes(1000));
    await vi.waitFor(async () => expect((await rowOf(location)).leaseUntil).not.toBeNull());
    await age(location, 400 * days);
    await expireUploads(job(), 30 * days);
    request.end(randomBytes(999_000));
    expect((await answered).status).toBe(204);
  });

  it("one whose server was killed is, when its lease has run out", async () => {
    const location = await created(10);
    await age(location, 31 * days);
    const leaseUntil = new Date(Date.now() - 1000);
    await world().db.upload.update({ where: { id: idOf(location) }, data: { leaseUntil, fence: 7 } });
    expect(await expireUploads(job(), 30 * days)).toBe(1);
    expect(await rowOf(location)).toMatchObject({ state: "terminated", leaseUntil: null, fence: 8 });
  });

  it("nobody but the archive itself may ask for it", async () => {
    const { actor } = await factories.makeDevice(world().db);
    await expect(expireUploads(world().context(actor), 1)).rejects.toMatchObject({ code: "forbidden" });
  });
});
