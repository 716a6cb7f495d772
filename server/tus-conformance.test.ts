import { randomBytes } from "node:crypto";
import { describe, expect, it } from "vitest";
import { type Answer, ask } from "./testing/tus-client.ts";
import { useTusServer } from "./testing/tus-server.ts";

// Clause by clause through tus 1.0: each describe is a section, and each test's name starts with what it is about.
//   Core protocol, Creation, Creation With Upload, Termination   here
//   Checksum (and trailers)                                      tus-checksum.test.ts
//   Expiration                                                   tus-expiration.test.ts
//   Concatenation                                                tus-concatenation.test.ts

const body = { "Content-Type": "application/offset+octet-stream" };
const codeOf = (answer: Answer): unknown => JSON.parse(answer.body).code;

describe("tus 1.0", () => {
  const { world, client, token, endpoint, created, offsetOf } = useTusServer();

  describe("core protocol", () => {
    it.each([["1.0"], ["0.2.2"], ["2.0.0"], [""]])(
      "Tus-Resumable: %s is answered 412 with Tus-Version, and nothing is processed",
      async (version) => {
        const before = await world().db.upload.count();
        const headers = { "Tus-Resumable": version, "Upload-Length": "1" };
        for (const answer of [
          await ask(endpoint(), { method: "POST", token: token(), headers }),
          await ask(endpoint(), { method: "POST", headers }),
        ]) {
          expect([answer.status, codeOf(answer)]).toEqual([412, "unsupported_version"]);
          expect(answer.headers).toMatchObject({ "tus-version": "1.0.0", "tus-resumable": "1.0.0" });
        }
        expect(await world().db.upload.count()).toBe(before);
      },
    );

    it("Tus-Resumable is in every answer, also when nobody is let in and when there is no such thing", async () => {
      const location = await created(10);
      const answers = [
        await client.create(10),
        await client.head(location),
        await client.patch(location, 0, randomBytes(4)),
        await client.patch(location, 0, randomBytes(4)),
        await ask(location, { method: "GET", token: token() }),
        await ask(location, { method: "HEAD" }),
        await ask(`${endpoint()}/U-00000-00000`, { method: "HEAD", token: token() }),
        await client.remove(location),
        await client.remove(location),
      ];
      expect(answers.map(({ status }) => status)).toEqual([201, 200, 204, 409, 405, 401, 404, 204, 410]);
      for (const { headers } of answers) expect(headers["tus-resumable"]).toBe("1.0.0");
    });

    it("OPTIONS tells the configuration to anybody, whatever Tus-Resumable says", async () => {
      for (const url of [endpoint(), `${endpoint()}/U-00000-00000`]) {
        const { status, headers } = await ask(url, { method: "OPTIONS", headers: { "Tus-Resumable": "0.2.2" } });
        expect(status).toBe(204);
        expect(headers).toMatchObject({ "tus-version": "1.0.0", "tus-max-size": String(2 ** 40) });
        expect(String(headers["tus-extension"]).split(",")).toEqual(
          expect.arrayContaining(["creation", "creation-with-upload", "creation-defer-length", "termination"]),
        );
      }
    });

    it("HEAD always has Upload-Offset, Upload-Length when it is known, and Cache-Control: no-store", async () => {
      const empty = await client.head(await created(10));
      expect(empty.headers).toMatchObject({ "upload-offset": "0", "upload-length": "10", "cache-control": "no-store" });
      expect(empty.headers).not.toHaveProperty("upload-defer-length");
      const whole = await created(3);
      await client.patch(whole, 0, randomBytes(3));
      expect((await client.head(whole)).headers).toMatchObject({ "upload-offset": "3", "upload-length": "3" });
    });

    it("HEAD of what is not there is 404 or 410 and without Upload-Offset", async () => {
      const gone = await created(10);
      await client.remove(gone);
      const answers = [await client.head("/api/uploads/U-00000-00000"), await client.head(gone)];
      expect(answers.map(({ status }) => status)).toEqual([404, 410]);
      for (const { headers } of answers) expect(headers).not.toHaveProperty("upload-offset");
    });

    it("PATCH is acknowledged with 204 and the new Upload-Offset, and has no body", async () => {
      const location = await created(10);
      const answer = await client.patch(location, 0, randomBytes(4));
      expect([answer.status, answer.headers["upload-offset"], answer.body]).toEqual([204, "4", ""]);
      expect(answer.headers).not.toHaveProperty("content-length");
    });

    it.each([undefined, "application/octet-stream", "application/offset+octet-stream; charset=utf-8"])(
      "PATCH with Content-Type %s is 415 and changes nothing",
      async (type) => {
        const location = await created(10);
        const headers = { "Upload-Offset": "0", ...(type === undefined ? {} : { "Content-Type": type }) };
        expect((await ask(location, { method: "PATCH", token: token(), body: randomBytes(4), headers })).status).toBe(
          415,
        );
        expect(await offsetOf(location)).toBe("0");
      },
    );

    it.each([0, 3, 5, 10])(
      "PATCH at %d where 4 is right is 409 with Upload-Offset, and changes nothing",
      async (at) => {
        const location = await created(10);
        await client.patch(location, 0, randomBytes(4));
        const answer = await client.patch(location, at, randomBytes(2));
        expect([answer.status, answer.headers["upload-offset"], codeOf(answer)]).toEqual([409, "4", "offset_conflict"]);
        expect(await offsetOf(location)).toBe("4");
      },
    );

    it("PATCH of what is not there is 404", async () => {
      expect((await client.patch("/api/uploads/U-00000-00000", 0, randomBytes(1))).status).toBe(404);
      expect((await client.patch("/api/uploads/nonsense", 0, randomBytes(1))).status).toBe(404);
    });

    it("PATCH beyond Upload-Length is 413 and changes nothing", async () => {
      const location = await created(10);
      expect((await client.patch(location, 0, randomBytes(11))).status).toBe(413);
      expect(await offsetOf(location)).toBe("0");
    });

    it("PATCH of a complete upload takes an empty body, and 413 is for any other", async () => {
      const location = await created(4);
      await client.patch(location, 0, randomBytes(4));
      expect((await client.patch(location, 4, new Uint8Array())).status).toBe(204);
      expect((await client.patch(location, 4, randomBytes(1))).status).toBe(413);
      const { request, answered } = client.openPatch(location, 4, null, { "Transfer-Encoding": "chunked" });
      request.end(randomBytes(1));
      expect((await answered).status).toBe(413);
      expect(await offsetOf(location)).toBe("4");
    });

    it.each([
      ["POST", "PATCH"],
      ["POST", "patch"],
      ["PUT", "PATCH"],
    ])("X-HTTP-Method-Override counts instead of the method: %s is %s", async (method, override) => {
      const location = await created(10);
      const headers = { ...body, "Upload-Offset": "0", "X-HTTP-Method-Override": override };
      expect((await ask(location, { method, token: token(), body: randomBytes(4), headers })).status).toBe(204);
      expect(await offsetOf(location)).toBe("4");
    });

    it("X-HTTP-Method-Override reaches DELETE and HEAD too, and hides a method that would be right", async () => {
      const location = await created(10);
      const override = (method: string, name: string) =>
        ask(location, { method, token: token(), headers: { "X-HTTP-Method-Override": name } });
      expect((await override("POST", "HEAD")).headers["upload-offset"]).toBe("0");
      expect((await override("HEAD", "GET")).status).toBe(405);
      expect((await override("POST", "DELETE")).status).toBe(204);
      expect((await client.head(location)).status).toBe(410);
    });

    it("a method that is no part of tus is 405 with Allow (RFC 9110, 15.5.6)", async () => {
      const at = await created(1);
      expect((await ask(at, { method: "GET", token: token() })).headers.allow).toBe("HEAD, PATCH, DELETE, OPTIONS");
      expect((await ask(at, { method: "POST", token: token() })).status).toBe(405);
      expect((await ask(endpoint(), { method: "PATCH", token: token() })).headers.allow).toBe("POST, OPTIONS");
    });
  });

  describe("creation", () => {
    it("POST is 201 with Location, which is a new one each time", async () => {
      const [first, second] = [await client.create(10), await client.create(10)];
      expect([first.status, second.status]).toEqual([201, 201]);
      expect(first.headers.location).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/api\/uploads\/U-/);
      expect(first.headers.location).not.toBe(second.headers.location);
    });

    it.each([
      ["neither a length nor a deferred one", {}, 400],
      ["both", { "Upload-Length": "1", "Upload-Defer-Length": "1" }, 400],
      ["Upload-Defer-Length: 0", { "Upload-Defer-Length": "0" }, 400],
      ["Upload-Defer-Length: true", { "Upload-Defer-Length": "true" }, 400],
      ["Upload-Length: -1", { "Upload-Length": "-1" }, 400],
      ["more than Tus-Max-Size", { "Upload-Length": String(2 ** 40 + 1) }, 413],
    ])("POST with %s is refused", async (_what, headers, status) => {
      const before = await world().db.upload.count();
      expect((await ask(endpoint(), { method: "POST", token: token(), headers })).status).toBe(status);
      expect(await world().db.upload.count()).toBe(before);
    });

    it("Upload-Length: 0 makes an upload that is complete", async () => {
      const location = await created(0);
      expect((await client.head(location)).headers).toMatchObject({ "upload-offset": "0", "upload-length": "0" });
    });

    it("Upload-Metadata comes back as it was sent, on every HEAD", async () => {
      const header = "filename Z2F0ZS5tcDQ=,is_confidential,other YWJj";
      const location = String((await client.create(3, {}, { "Upload-Metadata": header })).headers.location);
      expect((await client.head(location)).headers["upload-metadata"]).toBe(header);
      await client.patch(location, 0, randomBytes(3));
      expect((await client.head(location)).headers["upload-metadata"]).toBe(header);
    });

    it("Upload-Defer-Length: 1 is on every HEAD until Upload-Length is known, which then never changes", async () => {
      const location = await created(null);
      await client.patch(location, 0, randomBytes(4));
      const open = await client.head(location);
      expect(open.headers["upload-defer-length"]).toBe("1");
      expect(open.headers).not.toHaveProperty("upload-length");
      expect((await client.patch(location, 4, randomBytes(1), { "Upload-Length": "3" })).status).toBe(400);
      expect((await client.patch(location, 4, randomBytes(1), { "Upload-Length": "10" })).status).toBe(204);
      const known = await client.head(location);
      expect(known.headers["upload-length"]).toBe("10");
      expect(known.headers).not.toHaveProperty("upload-defer-length");
      const other = await client.patch(location, 5, randomBytes(1), { "Upload-Length": "11" });
      expect([other.status, codeOf(other)]).toEqual([400, "length_invalid"]);
      expect((await client.patch(location, 5, randomBytes(1), { "Upload-Length": "10" })).status).toBe(204);
      expect(await offsetOf(location)).toBe("6");
    });
  });

  describe("creation with upload", () => {
    const post = (content: Uint8Array, headers: Record<string, string>) =>
      ask(endpoint(), { method: "POST", token: token(), body: content, headers });

    it("answers 201 with Upload-Offset, for a part and for the whole", async () => {
      for (const length of ["4", "9"]) {
        const { status, headers } = await post(randomBytes(4), { ...body, "Upload-Length": length });
        expect([status, headers["upload-offset"]]).toEqual([201, "4"]);
        expect(await offsetOf(String(headers.location))).toBe("4");
      }
    });

    it("an empty body in chunks, which proxies make of one without a length, is no body", async () => {
      const chunked = { "Transfer-Encoding": "chunked", "Upload-Length": "4" };
      expect((await ask(endpoint(), { method: "POST", token: token(), headers: chunked })).status).toBe(201);
    });

    it("takes no bytes of another Content-Type, and creates nothing for them", async () => {
      const before = await world().db.upload.count();
      const chunked = { "Transfer-Encoding": "chunked", "Upload-Length": "4" };
      expect((await post(randomBytes(4), { "Upload-Length": "4" })).status).toBe(415);
      const { request, answered } = client.openPatch(
        "/api/uploads",
        0,
        null,
        { ...chunked, "Content-Type": "video/mp4" },
        "POST",
      );
      request.end(randomBytes(4));
      expect((await answered).status).toBe(415);
      expect(await world().db.upload.count()).toBe(before);
    });
  });

  describe("termination", () => {
    it("DELETE is 204, and every later request is 410", async () => {
      const location = await created(10);
      await client.patch(location, 0, randomBytes(4));
      const answer = await client.remove(location);
      expect([answer.status, answer.body]).toEqual([204, ""]);
      const later = [
        await client.head(location),
        await client.patch(location, 4, randomBytes(6)),
        await client.remove(location),
      ];
      expect(later.map(({ status }) => status)).toEqual([410, 410, 410]);
      for (const { headers } of later) expect(headers).not.toHaveProperty("upload-offset");
    });

    it("DELETE of a complete upload is refused: it is evidence", async () => {
      const location = await created(4);
      await client.patch(location, 0, randomBytes(4));
      const answer = await client.remove(location);
      expect([answer.status, codeOf(answer)]).toEqual([403, "upload_complete"]);
      expect(await offsetOf(location)).toBe("4");
    });
  });
});
