import { once } from "node:events";
import { connect } from "node:net";
import { text } from "node:stream/consumers";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { factories, useTestDatabase } from "../lib/testing/index.ts";
import { startTestArchive, type TestArchive } from "./testing/test-archive.ts";

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
});
