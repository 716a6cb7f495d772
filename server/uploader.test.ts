import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from "vitest";
import { type FlakyLink, openFlakyLink } from "../e2e/support/proxy.ts";
import { factories, useTestDatabase } from "../lib/testing/index.ts";
import { SpawnedUploader } from "../uploader/testing/spawned-uploader.ts";
import { type ApiServer, startApiServer } from "./testing/start-api-server.ts";

const root = join(import.meta.dirname, "..");
const sample = join(root, "samples/recordings/van-04-rear.mp4");

describe("the uploader against this archive", () => {
  const world = useTestDatabase();
  let server: ApiServer;
  let link: FlakyLink;
  let bundle: string;
  let token: string;
  const startServer = () => startApiServer({ databaseUrl: world().databaseUrl, dataDir: world().dir });
  const push = (over: { token?: string } = {}, ...flags: string[]) =>
    new SpawnedUploader(bundle, ["push", sample, "--settle", "0", "--chunk-size", "400000", "--no-wait", ...flags], {
      STRONGROOM_SERVER: link.url,
      STRONGROOM_TOKEN: over.token ?? token,
      STRONGROOM_STATE_DIR: join(world().dir, "uploader-state"),
    });

  beforeAll(async () => {
    bundle = join(world().dir, "strongroom-uploader.mjs");
    execFileSync(process.execPath, [join(root, "uploader/build.mjs"), bundle]);
    server = await startServer();
    token = (await factories.makeDevice(world().db)).token;
    link = await openFlakyLink({
      target: { port: Number(new URL(server.url).port) },
      uploadBytesPerSecond: 500_000,
      cutAfterBytes: [700_000],
    });
  });
  afterEach(() => link.setRate(500_000));
  afterAll(async () => {
    await link.close();
    await server.stop();
  });

  it("is refused with another's token, and nothing comes into being", async () => {
    const { code, events } = await push({ token: "srd_0000000000000000000000000000000000000000000" }).ended;
    expect(code).toBe(4);
    expect(events.at(-1)).toMatchObject({ event: "failed", kind: "authentication" });
    expect(await world().db.upload.count()).toBe(0);
  });

  it("delivers through cuts, a lost answer, its own death and the server's, and the archive seals what the device declared", async () => {
    const first = push({}, "--source", "rear", "--alias", "TCL204AR", "--place", "Colón 12, Valencia");
    await first.event("retry");
    link.loseNextAnswer();
    await first.event("progress", ({ acknowledgedBytes }) => acknowledgedBytes > 900_000);
    await first.kill();

    const second = push();
    await second.event("upload", ({ offsetBytes }) => offsetBytes > 0);
    await server.kill();
    await second.event("retry");
    server = await startServer();
    link.retarget(Number(new URL(server.url).port));
    link.setRate(null);
    const { code, events } = await second.ended;
    expect(code).toBe(0);

    const bytes = await readFile(sample);
    const sha256 = createHash("sha256").update(bytes).digest("hex");
    const done = events.at(-1);
    expect(done).toMatchObject({ event: "done", state: "delivered", sha256 });
    const id = done?.event === "done" ? String(done.recording) : "";
    const recording = () =>
      world().db.recording.findUniqueOrThrow({ where: { id }, include: { chunks: { orderBy: { index: "asc" } } } });
    await vi.waitFor(async () => expect((await recording()).state).toBe("sealed"), 15_000);
    const sealed = await recording();
    expect(Buffer.from(sealed.sha256 ?? []).toString("hex")).toBe(sha256);
    expect(sealed).toMatchObject({
      fileName: "van-04-rear.mp4",
      mediaType: "video/mp4",
      source: "rear",
      alias: "TCL204AR",
    });
    expect(sealed.chunks.map((chunk) => Buffer.from(chunk.sha256 ?? []).toString("hex"))).toEqual(
      Array.from({ length: Math.ceil(bytes.length / 400_000) }, (_, index) =>
        createHash("sha256")
          .update(bytes.subarray(index * 400_000, (index + 1) * 400_000))
          .digest("hex"),
      ),
    );
    expect(await world().db.upload.count()).toBe(1);
  });
});
