import { spawnSync } from "node:child_process";
import { appendFile, cp, mkdir, readFile, rename, rm, stat, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { beforeEach, describe, expect, it } from "vitest";
import { exitCodes } from "./exit-codes.ts";
import { sha256Of } from "./testing/peer-archive.ts";
import { randomBytes } from "./testing/random-bytes.ts";
import { useUploaderWorld } from "./testing/uploader-world.ts";

const samples = join(import.meta.dirname, "../samples/recordings");

describe("run", () => {
  const world = useUploaderWorld();
  let watched = "";
  const flags = () => ["run", "--watch", watched, "--settle", "0.3", "--rescan", "1"];

  beforeEach(async () => {
    watched = join(world().folder, "card");
    await mkdir(join(watched, "2026/08"), { recursive: true });
  });

  it("delivers what lies there and what comes later, in every container, and nothing else", async () => {
    const { start, peer } = world();
    await cp(join(samples, "van-07-cabin.mp4"), join(watched, "2026/08/cabin.mp4"));
    await writeFile(join(watched, "notes.txt"), "no recording");
    await writeFile(join(watched, ".hidden.mp4"), "not finished");
    await symlink("/etc/passwd", join(watched, "link.mp4"));
    const daemon = start(flags());
    await daemon.event("done", ({ file }) => file.endsWith("cabin.mp4"));
    await cp(join(samples, "van-09-rear.mkv"), join(watched, "rear.mkv"));
    await cp(join(samples, "grao-05-counter.ts"), join(watched, "counter.part"));
    await rename(join(watched, "counter.part"), join(watched, "counter.ts"));
    await daemon.event("done", ({ file }) => file.endsWith("rear.mkv"));
    await daemon.event("done", ({ file }) => file.endsWith("counter.ts"));
    const { code } = await daemon.kill("SIGTERM");
    expect(code).toBe(exitCodes.ok);
    const types = [];
    for (const upload of await peer.uploads()) types.push((await peer.metadataOf(upload)).get("filetype"));
    expect(types.sort()).toEqual(["video/matroska", "video/mp2t", "video/mp4"]);
  });

  it("tells the archive the container's own time, marked as a hint", async () => {
    const { start, peer } = world();
    await cp(join(samples, "vault-door.mp4"), join(watched, "vault.mp4"));
    await start(flags()).event("done");
    const [upload = ""] = await peer.uploads();
    const said = await peer.metadataOf(upload);
    expect(said.get("captured_from")).toBe("2026-08-14T03:12:00.000Z");
    expect(said.get("captured_until")).toBe("2026-08-14T03:12:06.000Z");
    expect(said.get("metadata")).toBe('{"uploader":{"capturedFrom":"container"}}');
  });

  it("takes a recorder's word at once, by hook, marker and list, and sends events first", async () => {
    const { start, peer, folder, stateFolder } = world();
    const slow = [...flags(), "--settle", "60", "--sidecar-wait", "0", "--segment-list", join(watched, "list.csv")];
    for (const name of ["a.mp4", "b.mp4", "c.mp4", "never.mp4"])
      await cp(join(samples, "van-07-cabin.mp4"), join(watched, name));
    await cp(join(samples, "van-07-cabin.mp4"), join(folder, "outside.mp4"));
    await writeFile(join(watched, "a.mp4.done"), "");
    await writeFile(join(watched, "b.done"), "");
    await writeFile(join(watched, "b.mp4.event"), "");
    await writeFile(join(watched, "list.csv"), "c.mp4,0.0,4.0\n");
    const noted = await start(["enqueue", join(folder, "outside.mp4"), "--tag", "x"]).ended;
    expect(noted.code).toBe(exitCodes.ok);
    const daemon = start(slow);
    const { file } = await daemon.event("done");
    expect(file).toBe(join(watched, "b.mp4"));
    for (const name of ["a.mp4", "c.mp4", "outside.mp4"])
      await daemon.event("done", (done) => done.file.endsWith(name));
    await writeFile(join(folder, "later.bin"), randomBytes(100_000, 3));
    const { code, stderr } = await start(["enqueue", join(folder, "later.bin")]).ended;
    expect({ code, stderr }).toEqual({ code: exitCodes.ok, stderr: "" });
    await daemon.event("done", (done) => done.file.endsWith("later.bin"));
    expect(await peer.uploads()).toHaveLength(5);
    await daemon.kill("SIGTERM");
    await expect(stat(join(stateFolder, "control.sock"))).rejects.toThrow("ENOENT");
  });

  it.skipIf(spawnSync("ffmpeg", ["-version"]).status !== 0)(
    "records what the settings file names, and sends it (needs ffmpeg)",
    async () => {
      const { start, folder, peer, stateFolder } = world();
      const config = join(folder, "settings.json");
      const recorder = { url: join(samples, "van-07-cabin.mp4"), out: watched, segmentMs: 4000, replay: "fast" };
      const recorders = [
        { ...recorder, name: "rear" },
        { ...recorder, name: "front", ffmpeg: "/nonexistent/ffmpeg" },
      ];
      await writeFile(config, JSON.stringify({ recorders }));
      const daemon = start(["run", "--config", config, "--settle", "0.3", "--rescan", "1"]);
      const { file } = await daemon.event("recorded");
      expect(file).toContain(join(watched, "rear_"));
      await daemon.event(
        "recorder_notice",
        ({ recorder: name, message }) => name === "front" && /apt install/.test(message),
      );
      await daemon.event("done");
      const [upload = ""] = await peer.uploads();
      expect((await peer.metadataOf(upload)).get("filename")).toMatch(/^rear_/);
      await daemon.kill("SIGTERM");
      const { recorders: shown, alarms } = JSON.parse(await readFile(join(stateFolder, "daemon.json"), "utf8"));
      expect(shown).toMatchObject([{ name: "rear", state: "stopped" }, { name: "front" }]);
      expect(alarms).toEqual([expect.stringContaining("Nothing is recorded from front")]);
    },
  );

  it("leaves a file alone while it grows", async () => {
    const { start, peer } = world();
    const file = join(watched, "growing.ts");
    const packet = Buffer.alloc(188, 0x47);
    await writeFile(file, packet);
    const daemon = start(flags());
    await daemon.event("watching");
    for (let i = 0; i < 10; i++) {
      await appendFile(file, packet);
      await new Promise((resolve) => setTimeout(resolve, 150));
      expect(await peer.uploads()).toEqual([]);
    }
    expect(await daemon.event("done")).toMatchObject({ sizeBytes: 11 * 188, sha256: await sha256Of(file) });
  });

  it("remembers what is done, and sends a file again that has become another", async () => {
    const { start, peer } = world();
    const file = join(watched, "clip.avi");
    await writeFile(file, randomBytes(300_000, 1));
    const first = start(flags());
    await first.event("done");
    await first.kill("SIGTERM");
    const before = peer.requests.length;
    const second = start(flags());
    await second.event("watching");
    await new Promise((resolve) => setTimeout(resolve, 1500));
    expect(peer.requests.length).toBe(before);
    await writeFile(file, randomBytes(300_000, 2));
    expect(await second.event("done")).toMatchObject({ sha256: await sha256Of(file) });
    expect(await peer.uploads()).toHaveLength(2);
  });

  it("waits with a refused token instead of dropping anything, and takes a mended token from its file", async () => {
    const { start, peer, folder } = world();
    await writeFile(join(watched, "clip.avi"), randomBytes(300_000, 1));
    const tokenFile = join(folder, "token");
    await writeFile(tokenFile, "srd_revoked\n");
    const daemon = start([...flags(), "--token-file", tokenFile]);
    const { inSeconds, problem } = await daemon.event("retry");
    expect(inSeconds).toBeGreaterThanOrEqual(30);
    expect(problem).toMatch(/token is not valid/);
    await writeFile(tokenFile, peer.token);
    await daemon.kill();
    await start([...flags(), "--token-file", tokenFile]).event("done");
  });

  it("does not let one refused file hold up the others", async () => {
    const { start, peer } = world();
    for (const name of ["a.avi", "b.avi", "c.avi"])
      await writeFile(join(watched, name), randomBytes(100_000, name.charCodeAt(0)));
    peer.fail("POST", { status: 413, body: "too large" });
    const daemon = start(flags());
    const { file } = await daemon.event("failed");
    for (const name of ["a.avi", "b.avi", "c.avi"].filter((other) => !file.endsWith(other)))
      await daemon.event("done", (done) => done.file.endsWith(name));
    expect(await peer.uploads()).toHaveLength(2);
  });

  it("does not storm an archive that knows nothing of what it took", async () => {
    const { start, peer } = world();
    await writeFile(join(watched, "clip.avi"), randomBytes(100_000, 1));
    peer.fail("GET", { status: 404 }, 1000);
    const daemon = start(flags());
    // Once at once, and then with rests that grow.
    await daemon.event("notice", ({ message }) => /nothing of .* is sent again now/.test(message));
    await daemon.event("notice", ({ message }) => /nothing of .* is sent again in \d+ s/.test(message));
    await daemon.kill();
    expect(peer.requests.filter(({ method }) => method === "POST")).toHaveLength(2);
  });

  it("shows its state while it runs and afterwards, and refuses a second daemon", async () => {
    const { start, bundle, stateFolder } = world();
    await writeFile(join(watched, "clip.avi"), randomBytes(300_000, 1));
    const daemon = start(flags());
    await daemon.event("done");
    const status = () =>
      JSON.parse(
        spawnSync(process.execPath, [
          bundle,
          "status",
          "--json",
          "--all",
          "--state-dir",
          stateFolder,
        ]).stdout.toString(),
      );
    expect(status()).toMatchObject({ daemon: { pid: daemon.child.pid, folders: [watched] }, counts: { sealed: 1 } });
    const second = await start(flags()).ended;
    expect(second.code).toBe(exitCodes.busy);
    expect(second.stderr).toMatch(/Another daemon runs/);
    await daemon.kill();
    expect(status()).toMatchObject({ daemon: null, counts: { sealed: 1 }, files: [{ phase: "sealed" }] });
    await start(flags()).event("watching");
  });

  it("forgets a file that vanishes before its turn, and works several at a time", async () => {
    const { start, peer } = world();
    for (let i = 0; i < 12; i++) await writeFile(join(watched, `${i}.avi`), randomBytes(200_000, i + 1));
    const daemon = start([...flags(), "--parallel", "3", "--limit-rate", "1M"]);
    await daemon.event("upload");
    await rm(join(watched, "11.avi"));
    for (let i = 0; i < 11; i++) await daemon.event("done", ({ file }) => file.endsWith(`/${i}.avi`));
    expect((await peer.uploads()).length).toBeLessThanOrEqual(12);
    expect(daemon.events.filter(({ event }) => event === "failed")).toEqual([]);
  });
});
