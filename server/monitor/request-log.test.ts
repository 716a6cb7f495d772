import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createLog } from "../../lib/log.ts";
import { provideServices } from "../../lib/services.ts";
import { factories, useTestDatabase } from "../../lib/testing/index.ts";
import { type Cast, drives, makeCast, sendDrive } from "../testing/drives.ts";
import { startTestArchive, type TestArchive } from "../testing/test-archive.ts";
import { readWebRoutes, serveWebRoutes } from "../testing/web-routes.ts";

describe("the log of requests", () => {
  const world = useTestDatabase();
  const lines: string[] = [];
  let archive: TestArchive;
  let cast: Cast;
  beforeAll(async () => {
    const log = createLog("debug", { write: (line) => lines.push(line) });
    archive = await startTestArchive(world(), { log, next: serveWebRoutes(await readWebRoutes()) });
    provideServices(archive.services);
    cast = await makeCast(world(), archive);
  });
  afterAll(async () => {
    provideServices(undefined);
    await archive.stop(0);
  });

  /** The line of a request, found as an operator would find it. */
  async function lineOf(requestId: unknown) {
    await expect
      .poll(() => lines.some((line) => line.includes(`"${requestId}"`) && line.includes('"request"')))
      .toBe(true);
    const found = lines
      .map((line) => JSON.parse(line))
      .filter((line) => line.correlationId === requestId && line.msg === "request");
    expect(found.length).toBe(1);
    return found[0];
  }

  test("has one line for each, found by the id that its answer named", async () => {
    const { officer, recording, device } = cast;
    const { headers } = await archive.get(`/api/recordings/${recording.id}?q=private`, officer);
    expect(await lineOf(headers["strongroom-request"])).toMatchObject({
      level: 30,
      method: "GET",
      route: "/api/recordings/{id}",
      path: `/api/recordings/${recording.id}`,
      status: 200,
      ms: expect.any(Number),
      bytesOut: expect.any(Number),
      account: officer.accountId,
      address: "127.0.0.1",
    });
    const refused = await sendDrive(archive, "appendToUpload", {
      as: device.token,
      headers: { "Tus-Resumable": "1.0.0", "Content-Type": "application/offset+octet-stream", "Upload-Offset": "0" },
      params: { id: "U-00000-00000" },
      body: "four",
    });
    expect(await lineOf(refused.headers.get("strongroom-request"))).toMatchObject({
      route: "/api/uploads/{id}",
      status: 404,
      code: "not_found",
      bytesIn: 4,
      device: device.id,
    });
  });

  test("is loud about who is refused, and quiet about machines that ask all day", async () => {
    const nobody = await archive.get("/api/people", null);
    expect(await lineOf(nobody.headers["strongroom-request"])).toMatchObject({ level: 40, code: "unauthenticated" });
    const alive = await archive.get("/api/health/live", null);
    expect(await lineOf(alive.headers["strongroom-request"])).toMatchObject({ level: 20 });
  });

  test("keeps a request that a proxy, or somebody, gave an id of their own under ours", async () => {
    const { headers } = await archive.get("/api/health/live", null, { "X-Request-Id": "chosen-by-me" });
    expect(headers["strongroom-request"]).toMatch(/^[0-9a-f]{16}$/);
  });

  test("holds no secret, whatever is asked", async () => {
    const secrets = new Set(["correct horse battery staple", "srd_", "%PDF", "next-auth.csrf", "BEGIN PUBLIC KEY"]);
    const hide = (text: string | undefined | null) => {
      if (text) secrets.add(text);
    };
    for (const drive of drives) {
      const asked = await drive.ask(cast);
      if (typeof asked.as === "string") hide(asked.as);
      else if (asked.as) hide((await archive.cookie(asked.as)).split("=")[1]?.slice(0, 40));
      const response = await sendDrive(archive, drive.id, asked);
      for (const cookie of response.headers.getSetCookie()) hide(cookie.split("=")[1]?.split(";")[0]);
      const text = await response.text();
      for (const [, found] of text.matchAll(/"(?:token|csrfToken|secret)":"([^"]+)"/g)) hide(found);
    }
    const link = "Zm9yIG9uZSBwZXJzb24gb25seSwgYW5kIG9ubHkgb25jZQ";
    for (const path of [`/setup/${link}`, `/invite/${link}?x=${link}`, `/invite/${link}/more`, `/sign-in?to=${link}`])
      await archive.get(path, null);
    await archive.get(`/api/uploads/srd_${link}`, null, {
      Authorization: `Bearer srd_${link}`,
      "Tus-Resumable": "1.0.0",
    });
    hide(link);
    const { token } = await factories.makeDevice(world().db);
    hide(token);
    await expect.poll(() => lines.filter((line) => line.includes('"/invite/…"')).length).toBe(2);
    const written = lines.join("\n");
    expect(lines.length).toBeGreaterThan(drives.length);
    expect([...secrets].filter((secret) => secret !== "" && written.includes(secret.replace("srd_", "srd_Z")))).toEqual(
      [],
    );
    for (const secret of secrets) if (secret !== "srd_") expect(written.includes(secret), secret).toBe(false);
    expect(written).not.toMatch(/srd_[A-Za-z0-9]/);
  });
});
