import { createHash, randomBytes } from "node:crypto";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { type ClientHttp2Session, connect, type IncomingHttpHeaders } from "node:http2";
import { connect as tcpConnect } from "node:net";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { setTimeout as sleep } from "node:timers/promises";
import { connect as tlsConnect } from "node:tls";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { encodeMetadataHeader } from "../lib/protocol/index.ts";
import { factories, useTestDatabase } from "../lib/testing/index.ts";
import { findUpload } from "./testing/find-upload.ts";
import { type ApiServer, startApiServer } from "./testing/start-api-server.ts";
import { findProgram, type Nginx, startNginx } from "./testing/start-nginx.ts";

// docs/nginx.conf, run by the nginx of this machine, over HTTP/2 and TLS.

const nginxPath = findProgram("nginx", "-v");
const isMissing = nginxPath === null || findProgram("openssl", "version") === null;
if (isMissing)
  console.log("SKIPPED: the tests of docs/nginx.conf need nginx and openssl, which are not installed here.");

type Answer = { status: number; headers: IncomingHttpHeaders; body: string; interim: number[] };
const name = "archive.example.org";

describe.skipIf(isMissing)("nginx in front, over HTTP/2", () => {
  const world = useTestDatabase();
  let server: ApiServer;
  let nginx: Nginx;
  let token: string;
  let session: ClientHttp2Session;

  beforeAll(async () => {
    server = await startApiServer({
      databaseUrl: world().databaseUrl,
      dataDir: world().dir,
      timing: { checkpointMs: 100 },
      settings: { TRUSTED_PROXIES: "127.0.0.1" },
    });
    nginx = await startNginx(nginxPath ?? "", join(world().dir, "nginx"), Number(new URL(server.url).port));
    token = (await factories.makeDevice(world().db)).token;
    session = openSession();
  });
  afterAll(async () => {
    session?.destroy();
    await nginx?.stop();
    await server?.stop();
  });

  /** A client at another address than the proxy's. */
  function openSession(): ClientHttp2Session {
    const opened = connect(`https://${name}:${nginx.port}`, {
      settings: { maxHeaderListSize: 256 * 1024 },
      maxSendHeaderBlockLength: 256 * 1024,
      createConnection: () =>
        tlsConnect({
          socket: tcpConnect({ host: "127.0.0.1", port: nginx.port, localAddress: "127.0.0.2" }),
          servername: name,
          ca: nginx.certificate,
          ALPNProtocols: ["h2"],
        }),
    });
    opened.on("error", () => undefined); // a cut is what some tests want
    return opened;
  }

  function open(path: string, method: string, headers: Record<string, string | number>, on = session) {
    const stream = on.request({
      ":path": path.replace(/^https:\/\/[^/]+/, ""),
      ":method": method,
      authorization: `Bearer ${token}`,
      ...headers,
    });
    const interim: number[] = [];
    stream.on("headers", (fields) => void interim.push(Number(fields[":status"])));
    const answered = once(stream, "response").then(async ([fields]): Promise<Answer> => {
      return { status: Number(fields[":status"]), headers: fields, body: await text(stream), interim };
    });
    answered.catch(() => undefined);
    stream.on("error", () => undefined);
    return { stream, answered };
  }
  function send(path: string, method: string, headers: Record<string, string | number>, body?: Uint8Array) {
    const { stream, answered } = open(path, method, headers);
    stream.end(body);
    return answered;
  }
  const tus = { "tus-resumable": "1.0.0" };
  const patch = { ...tus, "content-type": "application/offset+octet-stream" };
  async function created(length: number): Promise<string> {
    const answer = await send("/api/uploads", "POST", { ...tus, "upload-length": length });
    expect(answer.status).toBe(201);
    return String(answer.headers.location);
  }

  it("Location is https and the name that the client asked for; custody has the client's own address", async () => {
    const made = await send("/api/uploads", "POST", {
      ...tus,
      "upload-length": 3,
      "x-forwarded-for": "6.6.6.6",
      "x-forwarded-proto": "http",
      "x-forwarded-host": "evil.example",
      forwarded: "for=6.6.6.6;host=evil.example",
    });
    const location = String(made.headers.location);
    expect(location).toMatch(new RegExp(`^https://${name}:${nginx.port}/api/uploads/U-`));
    const { recordingId } = await findUpload(world().db, location);
    const started = await world().db.custodyEvent.findFirstOrThrow({
      where: { recordingId, action: "upload.started" },
    });
    expect(started.fromAddress).toBe("127.0.0.2");
    expect((await send(location, "PATCH", { ...patch, "upload-offset": 0 }, Buffer.from("abc"))).status).toBe(204);
  });

  it("nothing is buffered: of 30 MB that are cut after 15, all 15 are kept, and the rest goes on from there", async () => {
    const file = randomBytes(30_000_000);
    const half = file.length / 2;
    const location = await created(file.length);
    const first = openSession();
    const { stream } = open(location, "PATCH", { ...patch, "upload-offset": 0, "content-length": file.length }, first);
    stream.write(file.subarray(0, half));
    // Promised while the body is on its way: a proxy that takes it whole first would show nothing.
    await vi.waitFor(async () => expect(Number((await findUpload(world().db, location)).offsetBytes)).toBe(half), {
      timeout: 20_000,
      interval: 50,
    });
    first.destroy();
    await vi.waitFor(async () => expect((await findUpload(world().db, location)).leaseUntil).toBeNull(), 10_000);
    const head = await send(location, "HEAD", tus);
    expect(head.headers["upload-offset"]).toBe(String(half));
    const last = await send(location, "PATCH", { ...patch, "upload-offset": half }, file.subarray(half));
    expect([last.status, last.headers["upload-offset"]]).toEqual([204, String(file.length)]);
    await vi.waitFor(async () => {
      const { recording } = await findUpload(world().db, location);
      expect(recording.state).toBe("sealed");
      const digest = createHash("sha256").update(file).digest("hex");
      expect(Buffer.from(recording.sha256 ?? []).toString("hex")).toBe(digest);
    }, 20_000);
  });

  it("metadata of 90 KiB goes in and comes back", async () => {
    const free = JSON.stringify({ notes: "x".repeat(60_000) });
    const metadata = encodeMetadataHeader([["metadata", free]]);
    expect(metadata.length).toBeGreaterThan(80_000);
    const made = await send("/api/uploads", "POST", { ...tus, "upload-length": 1, "upload-metadata": metadata });
    expect(made.status).toBe(201);
    const head = await send(String(made.headers.location), "HEAD", tus);
    expect([head.status, head.headers["upload-metadata"] === metadata]).toEqual([200, true]);
  });

  it("a slow body is not cut, and its silence is the archive's to judge", { timeout: 20_000 }, async () => {
    const location = await created(10);
    const { stream, answered } = open(location, "PATCH", { ...patch, "upload-offset": 0, "content-length": 10 });
    for (let sent = 0; sent < 10; sent++) {
      stream.write(Buffer.from("x"));
      await sleep(300);
    }
    stream.end();
    expect((await answered).status).toBe(204);
    // Each wait of nginx for a body is longer than the 120 s of silence after which the archive ends it.
    const site = readFileSync(join(import.meta.dirname, "../docs/nginx.conf"), "utf8");
    for (const timeout of ["client_body_timeout", "proxy_send_timeout", "proxy_read_timeout"])
      expect(Number(new RegExp(`${timeout} (\\d+)s;`).exec(site)?.[1])).toBeGreaterThan(120);
  });

  it("the IETF draft works too; nginx would take a 104 for the answer, so none is sent", async () => {
    const draft = { "upload-draft-interop-version": 8 };
    const file = randomBytes(100_000);
    const made = await send("/api/uploads", "POST", { ...draft, "upload-complete": "?0" }, file.subarray(0, 40_000));
    expect([made.status, made.interim, made.headers["upload-offset"]]).toEqual([201, [], "40000"]);
    const location = String(made.headers.location);
    expect((await send(location, "HEAD", draft)).headers["upload-complete"]).toBe("?0");
    const append = { ...draft, "content-type": "application/partial-upload", "upload-complete": "?1" };
    const wrong = await send(location, "PATCH", { ...append, "upload-offset": 0 }, file);
    expect([wrong.status, JSON.parse(wrong.body)["expected-offset"]]).toEqual([409, 40_000]);
    const last = await send(location, "PATCH", { ...append, "upload-offset": 40_000 }, file.subarray(40_000));
    expect([last.status, last.headers["upload-complete"]]).toEqual([201, "?1"]);
  });

  it("refusals arrive while the body is still being sent", async () => {
    const { stream, answered } = open("/api/uploads", "POST", { ...tus, "upload-length": 2 ** 41 });
    stream.end();
    expect((await answered).status).toBe(413);
    const location = await created(1_000_000);
    const late = open(location, "PATCH", { ...patch, "upload-offset": 7, "content-length": 1_000_000 });
    late.stream.write(randomBytes(300_000));
    expect((await late.answered).status).toBe(409);
    late.stream.destroy();
  });
});
