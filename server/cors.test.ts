import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { factories, useTestDatabase } from "../lib/testing/index.ts";
import { type ApiServer, startApiServer } from "./testing/start-api-server.ts";
import { type Answer, ask } from "./testing/tus-client.ts";

const listed = "https://upload.example.org";
const corsNames = ({ headers }: Answer) => Object.keys(headers).filter((name) => /^access-control-|^vary$/.test(name));

describe("CORS", () => {
  const world = useTestDatabase();
  let open: ApiServer;
  let closed: ApiServer;
  let token: string;

  beforeAll(async () => {
    const shared = { databaseUrl: world().databaseUrl, dataDir: world().dir, hasWorkers: false };
    const settings = { CORS_ORIGINS: `http://localhost:8080, ${listed}` };
    [open, closed] = await Promise.all([startApiServer({ ...shared, settings }), startApiServer(shared)]);
    token = (await factories.makeDevice(world().db)).token;
  });
  afterAll(() => Promise.all([open.stop(), closed.stop()]));

  const preflight = (server: ApiServer, origin: string, path = "") =>
    ask(`${server.url}/api/uploads${path}`, {
      method: "OPTIONS",
      headers: {
        Origin: origin,
        "Access-Control-Request-Method": "PATCH",
        "Access-Control-Request-Headers": "authorization,upload-offset",
      },
    });
  const create = (server: ApiServer, origin: string | null, withToken = token) =>
    ask(`${server.url}/api/uploads`, {
      method: "POST",
      token: withToken,
      headers: { "Upload-Length": "1", ...(origin === null ? {} : { Origin: origin }) },
    });

  it("is not there when no origin is listed", async () => {
    for (const answer of [await preflight(closed, listed), await create(closed, listed)]) {
      expect(corsNames(answer)).toEqual([]);
      expect(answer.status).toBeLessThan(300);
    }
  });

  it.each(["", "/U-00000-00000"])("lets a listed origin ask before it sends, at %s", async (path) => {
    const { status, headers } = await preflight(open, listed, path);
    expect([status, headers["access-control-allow-origin"], headers.vary]).toEqual([204, listed, "Origin"]);
    for (const method of ["POST", "HEAD", "PATCH", "DELETE"])
      expect(headers["access-control-allow-methods"]).toContain(method);
    const tus = [
      "Authorization",
      "Tus-Resumable",
      "Upload-Offset",
      "Upload-Metadata",
      "Upload-Checksum",
      "Upload-Concat",
    ];
    const draft = ["Upload-Complete", "Upload-Draft-Interop-Version", "Content-Digest", "Repr-Digest"];
    for (const name of [...tus, ...draft]) expect(headers["access-control-allow-headers"]).toContain(name);
  });

  it("lets its script read every field of the protocol, in refusals too, and never with credentials", async () => {
    const made = await create(open, listed);
    for (const answer of [made, await create(open, listed, "srd_wrong"), await preflight(open, listed)]) {
      expect(answer.headers["access-control-allow-origin"]).toBe(listed);
      expect(answer.headers).not.toHaveProperty("access-control-allow-credentials");
      for (const name of Object.keys(made.headers).filter((field) =>
        /^(upload-|tus-|strongroom-|location)/.test(field),
      ))
        expect(String(answer.headers["access-control-expose-headers"]).toLowerCase()).toContain(name);
    }
  });

  it("lets a script of the IETF draft read its fields, limits and digests too", async () => {
    const answer = await ask(`${open.url}/api/uploads`, {
      method: "POST",
      token,
      version: null,
      headers: { Origin: listed, "Upload-Complete": "?1", "Content-Digest": "md5=:AAAA:" },
      body: Buffer.from("x"),
    });
    expect(answer.status).toBe(400);
    const exposed = String(answer.headers["access-control-expose-headers"]).split(", ");
    expect(exposed).toEqual(
      expect.arrayContaining(["Upload-Complete", "Upload-Limit", "Accept-Patch", "Repr-Digest", "Want-Content-Digest"]),
    );
  });

  it.each(["https://evil.example", "null", `${listed}.evil.example`, "http://upload.example.org", `${listed}:444`])(
    "gives the origin %s nothing",
    async (origin) => {
      for (const answer of [await preflight(open, origin), await create(open, origin)])
        expect(corsNames(answer)).toEqual(["vary"]);
    },
  );

  it("does not disturb a device, which has no origin", async () => {
    const answer = await create(open, null);
    expect([answer.status, corsNames(answer)]).toEqual([201, ["vary"]]);
  });
});
