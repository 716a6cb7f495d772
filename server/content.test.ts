import { createHash, randomBytes } from "node:crypto";
import { once } from "node:events";
import { get as httpGet, type IncomingMessage } from "node:http";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { newId } from "../lib/ids.ts";
import { openRecording } from "../lib/recordings/index.ts";
import { approve, review, submit } from "../lib/testing/access.ts";
import { expectCustodyEvent, factories, type TestPerson, useTestDatabase } from "../lib/testing/index.ts";
import { type Fetched, makeStoredRecording, startTestArchive, type TestArchive } from "./testing/test-archive.ts";

const hourMs = 3_600_000;

describe("a recording's bytes", () => {
  const world = useTestDatabase();
  const file = randomBytes(1_000_003);
  const tag = `"${createHash("sha256").update(file).digest("hex")}"`;
  let archive: TestArchive;
  let officer: TestPerson;
  let requester: TestPerson;

  beforeAll(async () => {
    archive = await startTestArchive(world());
    officer = await factories.makeOfficer(world().db);
    requester = await factories.makeRequester(world().db);
  });
  afterAll(() => archive.stop(100));

  async function opened(options: Partial<Parameters<typeof makeStoredRecording>[1]> = {}) {
    const { id } = await makeStoredRecording(world(), { content: file, ...options });
    await openRecording(world().context(officer), { id, purpose: "Q-1 asks for it" });
    return { id, path: `/api/recordings/${id}/content` };
  }
  async function released(to: TestPerson = requester, content: Uint8Array = file) {
    const recording = await makeStoredRecording(world(), { content });
    const requestId = await submit(world(), to);
    await review(world().context(officer), requestId, [recording.id]);
    await approve(world().context(officer), requestId);
    await approve(world().context(await factories.makeOfficer(world().db)), requestId);
    const release = await world().db.release.findUniqueOrThrow({ where: { requestId } });
    return {
      recordingId: recording.id,
      releaseId: release.id,
      path: `/api/releases/${release.id}/content?recording=${recording.id}`,
    };
  }
  const events = (recordingId: string) =>
    world().db.custodyEvent.findMany({ where: { recordingId }, orderBy: { seq: "asc" } });

  describe("who may read them", () => {
    it("is an officer who opened it and said what for, until the grant runs out", async () => {
      const { id } = await makeStoredRecording(world(), { content: file });
      const path = `/api/recordings/${id}/content`;
      expect((await archive.get(path, officer)).status).toBe(403);
      await openRecording(world().context(officer), { id, purpose: "Q-1 asks for it" });
      const answer = await archive.get(path, officer);
      expect(answer.status).toBe(200);
      expect(answer.bytes.equals(file)).toBe(true);
      const another = await factories.makeOfficer(world().db);
      expect((await archive.get(path, another)).status).toBe(403);
      const before = world().clock.now();
      world().clock.advance(9 * hourMs);
      expect((await archive.get(path, officer)).status).toBe(403);
      world().clock.set(before);
    });

    it("is a requester with an open release of theirs; for others it does not exist", async () => {
      const { recordingId, releaseId, path } = await released();
      for (const address of [path, `/api/releases/${releaseId}/content`, `/api/recordings/${recordingId}/content`]) {
        const answer = await archive.get(address, requester);
        expect(answer.status).toBe(200);
        expect(answer.bytes.equals(file)).toBe(true);
      }
      const other = await factories.makeRequester(world().db);
      const hidden = await makeStoredRecording(world(), { content: file });
      // Only the ids of the two requests differ.
      const textOf = ({ bytes }: Fetched) => bytes.toString().replace(/urn:strongroom:request:\w+/, "");
      const unknown = await archive.get("/api/recordings/R-00000-00000/content", requester);
      for (const [address, person] of [
        [path, other],
        [`/api/recordings/${recordingId}/content`, other],
        [`/api/recordings/${hidden.id}/content`, requester],
        [`/api/releases/${releaseId}/content?recording=${hidden.id}`, requester],
      ] as const) {
        const answer = await archive.get(address, person);
        expect([answer.status, textOf(answer)]).toEqual([404, textOf(unknown)]);
      }
      await expectCustodyEvent(world().db, { action: "download.started", recordingId, releaseId });
    });

    it("is no requester after the release ended, by time or by withdrawal", async () => {
      const { releaseId, path } = await released();
      const before = world().clock.now();
      world().clock.advance(400 * 24 * hourMs);
      expect((await archive.get(path, requester)).status).toBe(404);
      world().clock.set(before);
      expect((await archive.get(path, requester)).status).toBe(200);
      await withdraw(releaseId);
      expect((await archive.get(path, requester)).status).toBe(404);
    });

    it("is nobody else, with a session or without", async () => {
      const { path } = await opened();
      const admin = await factories.makeAdmin(world().db);
      const auditor = await factories.makeAuditor(world().db);
      for (const person of [admin, auditor]) expect((await archive.get(path, person)).status).toBe(403);
      await expectCustodyEvent(world().db, {
        action: "access.refused",
        outcome: "refused",
        actorId: auditor.accountId,
      });
      expect((await archive.get(path, null)).status).toBe(401);
      const { token } = await factories.makeDevice(world().db);
      expect((await archive.get(path, null, { Authorization: `Bearer ${token}` })).status).toBe(401);
      expect((await archive.get(path, officer, {}, "POST")).status).toBe(405);
      const disabled = await factories.makeOfficer(world().db, { state: "disabled" });
      expect((await archive.get(path, disabled)).status).toBe(401);
    });

    it("depends on the state: quarantined for officers only, unfinished for nobody", async () => {
      const quarantined = await opened({ state: "quarantined" });
      expect((await archive.get(quarantined.path, officer)).status).toBe(200);
      const { id } = await makeStoredRecording(world(), { content: file, state: "received" });
      const now = world().clock.now();
      await world().db.accessGrant.create({
        data: {
          id: newId("grant"),
          recordingId: id,
          accountId: officer.accountId,
          purpose: "too early",
          openedAt: now,
          openUntil: new Date(now.getTime() + hourMs),
        },
      });
      expect((await archive.get(`/api/recordings/${id}/content`, officer)).status).toBe(409);
    });
  });

  async function withdraw(releaseId: string) {
    await world().db.release.update({
      where: { id: releaseId },
      data: { withdrawnAt: world().clock.now(), withdrawnById: officer.accountId, withdrawReason: "mistake" },
    });
  }

  describe("how they are sent", () => {
    it("says what they are: tag, digest, length, name in any script", async () => {
      const { path } = await opened({ data: { fileName: 'cámara "trasera" 後部.mp4' } });
      const { status, headers } = await archive.get(path, officer, {}, "HEAD");
      expect(status).toBe(200);
      expect(headers).toMatchObject({
        etag: tag,
        "repr-digest": `sha-256=:${createHash("sha256").update(file).digest("base64")}:`,
        "content-length": String(file.length),
        "accept-ranges": "bytes",
        "content-type": "video/mp4",
        "x-content-type-options": "nosniff",
        "cache-control": "private, no-store",
        "cross-origin-resource-policy": "same-origin",
      });
      expect(headers["content-security-policy"]).toContain("sandbox");
      expect(headers["content-disposition"]).toMatch(/^attachment; filename=".*"; filename\*=UTF-8''c%C3%A1mara/);
    });

    it.each([
      ["bytes=0-0", 0, 0],
      ["bytes=100-199", 100, 199],
      ["bytes=1000000-", 1_000_000, 1_000_002],
      ["bytes=-3", 1_000_000, 1_000_002],
      ["bytes=0-99999999", 0, 1_000_002],
      ["bytes=0-10,5-20", 0, 20],
    ])("answers %s with that part", async (range, start, end) => {
      const { path } = await opened();
      const answer = await archive.get(path, officer, { Range: range });
      expect(answer.status).toBe(206);
      expect(answer.headers).toMatchObject({
        "content-range": `bytes ${start}-${end}/${file.length}`,
        "content-length": String(end - start + 1),
        etag: tag,
      });
      expect(answer.bytes.equals(file.subarray(start, end + 1))).toBe(true);
    });

    it("answers several ranges as multipart/byteranges", async () => {
      const { path } = await opened();
      const answer = await archive.get(path, officer, { Range: "bytes=0-9,500000-500099,-7" });
      expect(answer.status).toBe(206);
      const [, boundary] = /^multipart\/byteranges; boundary=(\w+)$/.exec(String(answer.headers["content-type"])) ?? [];
      expect(answer.bytes.length).toBe(Number(answer.headers["content-length"]));
      const expected = [
        [0, 9],
        [500_000, 500_099],
        [999_996, 1_000_002],
      ].map(([start = 0, end = 0]) => {
        const head = `\r\n--${boundary}\r\nContent-Type: video/mp4\r\nContent-Range: bytes ${start}-${end}/${file.length}\r\n\r\n`;
        return Buffer.concat([Buffer.from(head), file.subarray(start, end + 1)]);
      });
      expect(answer.bytes.equals(Buffer.concat([...expected, Buffer.from(`\r\n--${boundary}--\r\n`)]))).toBe(true);
    });

    it("refuses a range behind the end, and ignores what is no range", async () => {
      const { path } = await opened();
      const behind = await archive.get(path, officer, { Range: `bytes=${file.length}-` });
      expect([behind.status, behind.headers["content-range"]]).toEqual([416, `bytes */${file.length}`]);
      const many = Array.from({ length: 200 }, (_, i) => `${i * 10}-${i * 10 + 1}`).join(",");
      for (const range of ["bytes=x-y", "lines=1-2", "bytes=5-1,zz", `bytes=${many}`]) {
        expect((await archive.get(path, officer, { Range: range }, "GET")).bytes.length).toBeGreaterThanOrEqual(0);
      }
      expect((await archive.get(path, officer, { Range: "lines=1-2" })).status).toBe(200);
      expect((await archive.get(path, officer, { Range: `bytes=${many}` })).status).toBe(200);
    });

    it("keeps to the conditions", async () => {
      const { path } = await opened();
      const part = { Range: "bytes=0-9" };
      expect((await archive.get(path, officer, { ...part, "If-Range": tag })).status).toBe(206);
      expect((await archive.get(path, officer, { ...part, "If-Range": '"other"' })).status).toBe(200);
      expect((await archive.get(path, officer, { ...part, "If-Range": `W/${tag}` })).status).toBe(200);
      const same = await archive.get(path, officer, { "If-None-Match": `"x", W/${tag}` });
      expect([same.status, same.bytes.length, same.headers.etag]).toEqual([304, 0, tag]);
      expect(same.headers["content-length"]).toBeUndefined();
      expect((await archive.get(path, officer, { "If-Match": '"x"' })).status).toBe(412);
      expect((await archive.get(path, officer, { "If-Match": tag })).status).toBe(200);
    });

    it("sends an empty file", async () => {
      const { path } = await opened({ content: new Uint8Array() });
      const answer = await archive.get(path, officer);
      expect([answer.status, answer.headers["content-length"], answer.bytes.length]).toEqual([200, "0", 0]);
      expect((await archive.get(path, officer, { Range: "bytes=0-" })).status).toBe(416);
    });

    it.each(["text/html", "image/svg+xml", "application/xhtml+xml", "application/pdf", "text/javascript"])(
      "never lets %s run in a browser",
      async (mediaType) => {
        const content = Buffer.from("<html><script>alert(1)</script>");
        const { path } = await opened({ content, data: { mediaType, fileName: "clip.html" } });
        for (const query of ["", "?disposition=inline"]) {
          const { headers } = await archive.get(path + query, officer);
          expect(headers["content-type"]).toBe("application/octet-stream");
          expect(headers["content-disposition"]).toMatch(/^attachment;/);
          expect(headers["x-content-type-options"]).toBe("nosniff");
        }
      },
    );

    it("shows a page that calls itself a video as nothing but a broken video", async () => {
      const content = Buffer.from("<html><script>alert(1)</script>");
      const { path } = await opened({ content, data: { fileName: "clip.html" } });
      const { headers } = await archive.get(`${path}?disposition=inline`, officer);
      expect(headers["content-type"]).toBe("video/mp4");
      expect(headers["x-content-type-options"]).toBe("nosniff");
      expect(headers["content-security-policy"]).toContain("sandbox; default-src 'none'");
    });
  });

  describe("in custody", () => {
    it("are a download that started and one that ended, with the bytes served", async () => {
      const { id, path } = await opened();
      await archive.get(path, officer, { Range: "bytes=0-99" });
      await vi.waitFor(async () => expect(await events(id)).toHaveLength(3));
      const [, started, ended] = await events(id);
      expect(started).toMatchObject({ action: "download.started", purpose: "Q-1 asks for it", outcome: "done" });
      expect(ended).toMatchObject({
        action: "download.ended",
        outcome: "done",
        details: { bytesServed: 100, ranges: ["0-99"], how: "whole", sizeBytes: file.length },
      });
    });

    it("are nothing for HEAD and 304, and one view a minute for a player", async () => {
      const { id, path } = await opened();
      await archive.get(path, officer, {}, "HEAD");
      await archive.get(path, officer, { "If-None-Match": tag });
      for (let i = 0; i < 3; i++) await archive.get(`${path}?disposition=inline`, officer, { Range: "bytes=0-99" });
      expect((await events(id)).map((event) => event.action)).toEqual(["recording.opened", "recording.viewed"]);
      world().clock.advance(61_000);
      await archive.get(`${path}?disposition=inline`, officer, { Range: "bytes=0-99" });
      expect((await events(id)).filter((event) => event.action === "recording.viewed")).toHaveLength(2);
    });

    it("are a view of their own when an earlier one does not name them, or had another purpose", async () => {
      const { id, path } = await opened();
      const play = (Range: string) => archive.get(`${path}?disposition=inline`, officer, { Range });
      const viewed = async () =>
        (await events(id)).filter((event) => event.action === "recording.viewed").map((event) => event.details);
      await play("bytes=0-0");
      await play("bytes=0-");
      for (const range of ["bytes=100-", "bytes=7-8"]) await play(range);
      const whole = `0-${file.length - 1}`;
      expect(await viewed()).toMatchObject([{ ranges: ["0-0"] }, { ranges: [whole] }]);
      world().clock.advance(1_000);
      await openRecording(world().context(officer), { id, purpose: "Another matter" });
      await play("bytes=7-8");
      expect(await viewed()).toHaveLength(3);
    });

    it("are no bytes when the event cannot be written", async () => {
      const { path } = await opened();
      await world().db.$executeRaw`
        ALTER TABLE custody_event ADD CONSTRAINT no_downloads CHECK (action <> 'download.started') NOT VALID`;
      const answer = await archive.get(path, officer);
      await world().db.$executeRaw`ALTER TABLE custody_event DROP CONSTRAINT no_downloads`;
      expect(answer.status).toBe(500);
      expect(answer.headers["content-type"]).toBe("application/problem+json");
    });
  });

  describe("while they flow", () => {
    /** A download whose reader stops after the first piece. */
    async function slowDownload(path: string, person: TestPerson): Promise<IncomingMessage> {
      const request = httpGet(`${archive.url}${path}`, {
        agent: false,
        headers: { Cookie: await archive.cookie(person) },
      });
      const [response] = (await once(request, "response")) as [IncomingMessage];
      response.on("error", () => undefined);
      await once(response, "readable");
      response.read(1);
      return response;
    }
    async function expectCut(response: IncomingMessage, recordingId: string) {
      response.resume();
      await new Promise((resolve) => response.once("close", resolve));
      expect(response.complete).toBe(false);
      const event = await vi.waitFor(
        () => expectCustodyEvent(world().db, { action: "download.ended", recordingId }),
        5_000,
      );
      return event;
    }

    it("are cut when the release is withdrawn", async () => {
      const { recordingId, releaseId, path } = await released(requester, randomBytes(64_000_000));
      const response = await slowDownload(path, requester);
      await withdraw(releaseId);
      await new Promise((resolve) => setTimeout(resolve, 2_500));
      const event = await expectCut(response, recordingId);
      expect(event).toMatchObject({ outcome: "refused", details: { how: "withdrawn" } });
    });

    it("are cut when the account is disabled", async () => {
      const person = await factories.makeRequester(world().db);
      const { recordingId, path } = await released(person, randomBytes(64_000_000));
      const response = await slowDownload(path, person);
      await world().db.account.update({ where: { id: person.accountId }, data: { state: "disabled" } });
      await new Promise((resolve) => setTimeout(resolve, 2_500));
      expect(await expectCut(response, recordingId)).toMatchObject({ outcome: "refused" });
    });

    it("end without harm when the client leaves, and custody says how much it got", async () => {
      const { recordingId, path } = await released(requester, randomBytes(64_000_000));
      const response = await slowDownload(path, requester);
      response.destroy();
      const event = await vi.waitFor(
        () => expectCustodyEvent(world().db, { action: "download.ended", recordingId, outcome: "failed" }),
        20_000,
      );
      const details = event.details as { bytesServed: number; how: string }; // the shape of this action
      expect(details.how).toBe("left");
      expect(details.bytesServed).toBeLessThan(64_000_000);
    });
  });
});
