import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { appendFile, copyFile, mkdir, rename, rm, symlink, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { exitCodes } from "./exit-codes.ts";
import { sha256Of } from "./testing/peer-archive.ts";
import { randomBytes } from "./testing/random-bytes.ts";
import { useUploaderWorld } from "./testing/uploader-world.ts";

const MiB = 1024 * 1024;

describe("files that are not what they should be", () => {
  const world = useUploaderWorld();

  it("waits for a file that grows, says so, and sends all of it", async () => {
    const { makeFile, start, peer } = world();
    const file = await makeFile("growing.bin", 100_000);
    const uploader = start(["push", file, "--settle", "0.6"]);
    for (let i = 0; i < 6; i++) {
      await new Promise((resolve) => setTimeout(resolve, 250));
      await appendFile(file, randomBytes(50_000, i));
    }
    const { code, events } = await uploader.ended;
    expect(code).toBe(exitCodes.ok);
    expect(events.find((event) => event.event === "waiting")).toMatchObject({ reason: "growing" });
    expect(events.at(-1)).toMatchObject({ sha256: await sha256Of(file), sizeBytes: 400_000 });
    expect(await peer.uploads()).toHaveLength(1);
  });

  it("waits for the rest of a cut-off MP4, then sends what there is, marked as incomplete", async () => {
    const { folder, start, peer } = world();
    const file = join(folder, "cut.mp4");
    await copyFile(join(import.meta.dirname, "../samples/recordings/colon-12-lobby.mp4"), file);
    await truncate(file, 100_000);
    const uploader = start(["push", file, "--settle", "0.1", "--incomplete-after", "1.5"]);
    expect(await uploader.event("waiting")).toMatchObject({ reason: "incomplete" });
    const { code } = await uploader.ended;
    expect(code).toBe(exitCodes.ok);
    const [upload = ""] = await peer.uploads();
    const free = JSON.parse((await peer.metadataOf(upload)).get("metadata") ?? "{}");
    expect(free.uploader.incomplete).toMatch(/ends beyond the end/);
  });

  it.each(["truncated", "rewritten with its old size and time"])("gives an upload up whose file is %s", async (how) => {
    const { makeFile, start, peer } = world();
    const file = await makeFile("rear.bin", 2 * MiB);
    const uploader = start(["push", file, "--settle", "0.3", "--limit-rate", "1M"]);
    await uploader.event("progress", ({ acknowledgedBytes }) => acknowledgedBytes > 0);
    if (how === "truncated") await truncate(file, MiB);
    else {
      execFileSync("touch", ["-r", file, `${file}.time`]);
      await writeFile(file, randomBytes(2 * MiB, 99));
      execFileSync("touch", ["-r", `${file}.time`, file]);
    }
    const { code, events } = await uploader.ended;
    expect(code).toBe(exitCodes.ok);
    expect(events.find((event) => event.event === "notice")?.message).toMatch(/changed while it was sent|shorter/);
    expect(events.at(-1)).toMatchObject({ event: "done", sha256: await sha256Of(file), state: "sealed" });
    expect(await peer.uploads()).toHaveLength(2);
  });

  it.each(["deleted", "replaced", "renamed"])(
    "still delivers what it described when the file is %s meanwhile",
    async (how) => {
      const { makeFile, start, peer } = world();
      const file = await makeFile("rear.bin", 2 * MiB);
      const sha256 = await sha256Of(file);
      const uploader = start(["push", file, "--settle", "0", "--limit-rate", "1M", "--delete-after-seal"]);
      await uploader.event("progress", ({ acknowledgedBytes }) => acknowledgedBytes > 0);
      if (how === "deleted") await rm(file);
      if (how === "renamed") await rename(file, `${file}.moved`);
      if (how === "replaced") await rename(await makeFile("other.bin", 2 * MiB, 2), file);
      const { code, events } = await uploader.ended;
      expect(code).toBe(exitCodes.ok);
      expect(events.at(-1)).toMatchObject({ event: "done", sha256, state: "sealed", isDeleted: false });
      if (how === "replaced") expect(existsSync(file)).toBe(true);
      const [upload = ""] = await peer.uploads();
      expect(await sha256Of(join(peer.folder, upload))).toBe(sha256);
    },
  );

  it("goes on with a file that was renamed between two runs", async () => {
    const { makeFile, start, peer } = world();
    const file = await makeFile("rear.part.bin", 2 * MiB);
    const first = start(["push", file, "--settle", "0", "--limit-rate", "1M"]);
    await first.event("progress", ({ acknowledgedBytes }) => acknowledgedBytes > 0);
    await first.kill();
    await rename(file, join(world().folder, "rear.bin"));
    const { code, events } = await start(["push", join(world().folder, "rear.bin"), "--settle", "0"]).ended;
    expect(code).toBe(exitCodes.ok);
    expect(events.find((event) => event.event === "upload")?.offsetBytes).toBeGreaterThan(0);
    expect(await peer.uploads()).toHaveLength(1);
  });

  it("refuses what is no regular file with one clear line each", async () => {
    const { folder, makeFile, start, peer } = world();
    const real = await makeFile("real.bin", 1000);
    const wrong = ["link.bin", "pipe.bin", "folder.bin", "empty.bin", "missing.bin"].map((name) => join(folder, name));
    await symlink(real, join(folder, "link.bin"));
    execFileSync("/usr/bin/mkfifo", [join(folder, "pipe.bin")]);
    await mkdir(join(folder, "folder.bin"));
    await writeFile(join(folder, "empty.bin"), "");
    const { code, events } = await start(["push", ...wrong, real, "--settle", "0"]).ended;
    expect(code).toBe(exitCodes.file);
    const failed = events.filter((event) => event.event === "failed");
    expect(failed.map(({ kind }) => kind)).toEqual(["file", "file", "file", "file", "file"]);
    expect(failed.map(({ problem }) => problem.slice(folder.length + 1))).toEqual([
      "link.bin is a symbolic link; only regular files are uploaded.",
      "pipe.bin is a named pipe; only regular files are uploaded.",
      "folder.bin is a folder; only regular files are uploaded.",
      "empty.bin is empty; there is nothing to upload.",
      "missing.bin does not exist.",
    ]);
    expect(events.at(-1)).toMatchObject({ event: "done", file: real });
    expect(await peer.uploads()).toHaveLength(1);
  });
});
