import { once } from "node:events";
import { connect } from "node:net";
import { text } from "node:stream/consumers";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openRecording } from "../lib/recordings/index.ts";
import { factories, useTestDatabase } from "../lib/testing/index.ts";
import { makeStoredRecording, startTestArchive, type TestArchive } from "./testing/test-archive.ts";

describe("a connection", () => {
  const world = useTestDatabase();
  let archive: TestArchive;

  beforeAll(async () => {
    archive = await startTestArchive(world());
  });
  afterAll(() => archive.stop(0));

  /** Sends these lines on a connection of its own, and reads what comes until the server closes it. */
  async function say(...lines: string[]): Promise<string> {
    const socket = connect(Number(new URL(archive.url).port), "127.0.0.1");
    await once(socket, "connect");
    socket.write(`${[...lines, "Host: archive", "Connection: close", "", ""].join("\r\n")}`);
    return text(socket);
  }

  it("is answered in HTTP when it asks for another protocol, as Java's client does with each request", async () => {
    // Next listens like this on the server that it works for.
    archive.http.on("upgrade", () => undefined);
    const { token } = await factories.makeDevice(world().db);
    const upload = ["POST /api/uploads HTTP/1.1", "Tus-Resumable: 1.0.0", "Upload-Length: 1"];
    const asking = ["Connection: Upgrade, HTTP2-Settings", "Upgrade: h2c", "HTTP2-Settings: AAEAAEAAAAIAAAAA"];
    expect(await say(...upload, `Authorization: Bearer ${token}`, ...asking)).toMatch(/^HTTP\/1\.1 201 /);
    expect(await say("GET /nowhere HTTP/1.1", "Connection: Upgrade", "Upgrade: websocket")).toMatch(/^HTTP\/1\.1 404 /);
  });

  it("never finds an error of its own in the middle of a file", async () => {
    const content = Buffer.alloc(24 * 1024 * 1024, "v");
    const { id } = await makeStoredRecording(world(), { content });
    const officer = await factories.makeOfficer(world().db);
    await openRecording(world().context(officer), { id, purpose: "Connection test" });
    const socket = connect(Number(new URL(archive.url).port), "127.0.0.1");
    socket.write(
      `GET /api/recordings/${id}/content HTTP/1.1\r\nHost: archive\r\nCookie: ${await archive.cookie(officer)}\r\n\r\n`,
    );
    await once(socket, "readable"); // the answer has begun; nothing of it is taken
    socket.write("this is no request\r\n\r\n");
    await sleep(200);
    const received = await text(socket).catch(() => "");
    expect(received).toMatch(/^HTTP\/1\.1 200 OK\r\n/);
    expect(received.includes("HTTP/1.1 400")).toBe(false);
  });

  it("is told what was wrong with what is no request", async () => {
    expect(await say("this is no request")).toMatch(/^HTTP\/1\.1 400 /);
    expect(await say("GET /recordings/%E0%A4%A HTTP/1.1")).toMatch(/^HTTP\/1\.1 400 /);
  });
});
