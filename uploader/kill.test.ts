import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { openFlakyLink, seededRandom } from "../e2e/support/proxy.ts";
import { exitCodes } from "./exit-codes.ts";
import { sha256Of } from "./testing/peer-archive.ts";
import { useUploaderWorld } from "./testing/uploader-world.ts";

const kills = 50;
const sizeBytes = 32 * 1024 * 1024;

describe("kill -9 of the uploader", () => {
  const world = useUploaderWorld();

  it(`at ${kills} random points loses no acknowledged byte and sends none wrong`, async () => {
    const { makeFile, start, peer, server, folder } = world();
    const random = seededRandom(20260314);
    const file = await makeFile("rear.bin", sizeBytes);
    // So slow that some file is left for every kill; the last run has a free link.
    const link = await openFlakyLink({ target: { port: Number(new URL(server).port) }, uploadBytesPerSecond: 1.5e6 });
    const bytesBefore = new Map<string, number>();
    let furthest = { upload: "", bytes: 0 };
    // Kills after which the archive had more than before: those that hit the work itself.
    let midway = 0;
    for (let kill = 0; kill < kills; kill++) {
      const uploader = start(["push", file, "--settle", "0"], { server: link.url });
      // Two in five anywhere from before its first line on, the others within the sending, on however busy a machine.
      if (random() > 0.4) await uploader.event("upload");
      await new Promise((resolve) => setTimeout(resolve, random() * 260));
      await uploader.kill();
      for (const upload of await peer.uploads()) {
        const bytes = await peer.offsetOf(upload);
        expect(bytes).toBeGreaterThanOrEqual(bytesBefore.get(upload) ?? 0);
        bytesBefore.set(upload, bytes);
        if (bytes <= furthest.bytes) continue;
        // Bytes that the archive has must be gone on with; a second upload that got further would mean they were not.
        expect(furthest.bytes === 0 || furthest.upload === upload).toBe(true);
        furthest = { upload, bytes };
        midway += 1;
      }
    }
    expect(midway).toBeGreaterThan(20);
    const patches = peer.requests.filter(({ method }) => method === "PATCH");
    const offsets = patches
      .filter(({ path }) => path.endsWith(furthest.upload))
      .map((seen) => Number(seen.headers["upload-offset"]));
    expect(offsets).toEqual([...offsets].sort((a, b) => a - b));

    link.setRate(null);
    const { code, events } = await start(["push", file, "--settle", "0"], { server: link.url }).ended;
    expect(code).toBe(exitCodes.ok);
    expect(events.at(-1)).toMatchObject({ event: "done", recording: `R-${furthest.upload}`, state: "sealed" });
    expect(await sha256Of(join(folder, "peer", furthest.upload))).toBe(await sha256Of(file));
    await link.close();
  }, 120_000);
});
