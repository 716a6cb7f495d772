import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { appendFile, cp, mkdir, readdir, readFile, stat, truncate, unlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect } from "vitest";
import { exitCodes } from "../exit-codes.ts";
import { useFaultTable } from "../testing/fault-table.ts";
import type { Field } from "../testing/field.ts";

const chunkBytes = 400_000;
const sizeBytes = 3 * chunkBytes;
const slowly = ["--limit-rate", "700k"];
const everything = ["--include", "bin"];

/** A small disk of its own, until the test is over. */
async function onSmallDisk(folder: string, megabytes: number, work: () => Promise<void>): Promise<void> {
  const before = `${folder}.before`;
  await cp(folder, before, { recursive: true, filter: isNoSocket });
  if (spawnSync("mount", ["-t", "tmpfs", "-o", `size=${megabytes}m,mode=700`, "tmpfs", folder]).status !== 0)
    throw new Error("Nothing can be mounted here.");
  try {
    await cp(before, folder, { recursive: true });
    await work();
  } finally {
    // For the judge, who comes when it is over.
    await cp(folder, before, { recursive: true, force: true, filter: isNoSocket });
    spawnSync("umount", ["-l", folder]);
    await cp(before, folder, { recursive: true, force: true });
  }
}

const isNoSocket = (path: string) => !/\.sock$|\/at-\w+-\d+$/.test(path);

const hasFfmpeg = spawnSync("ffmpeg", ["-version"]).status === 0;
const whyNoMount = (() => {
  if (process.platform !== "linux" || process.getuid?.() !== 0) return "only root mounts a small disk";
  const folder = mkdtempSync(join(tmpdir(), "mount-"));
  const isMounted = spawnSync("mount", ["-t", "tmpfs", "-o", "size=1m", "tmpfs", folder]).status === 0;
  if (isMounted) spawnSync("umount", [folder]);
  rmSync(folder, { recursive: true, force: true });
  return isMounted ? null : "a small disk may not be mounted here";
})();

/** A camera that sends for as long as the test goes on. */
function camera(port: number): ChildProcess {
  const picture = ["-re", "-f", "lavfi", "-i", "testsrc=size=320x240:rate=10"];
  const coded = ["-c:v", "libx264", "-preset", "ultrafast", "-g", "10", "-b:v", "300k", "-f", "mpegts"];
  const to = `udp://127.0.0.1:${port}?pkt_size=1316`;
  return spawn("ffmpeg", ["-nostdin", "-v", "quiet", ...picture, ...coded, to], { stdio: "ignore" });
}

const libfaketime = [
  "/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1",
  "/usr/lib/aarch64-linux-gnu/faketime/libfaketimeMT.so.1",
].find((path) => existsSync(path));

/** What a running daemon writes: the identity is written once, in one step, before there is anything to lose. */
async function stateFiles({ stateFolder }: Field): Promise<string[]> {
  const names = await readdir(stateFolder, { recursive: true, withFileTypes: true });
  return names
    .filter((entry) => entry.isFile() && !/\.lock|\.sock|\/log\/|\/identity\//.test(join(entry.parentPath, entry.name)))
    .map((entry) => join(entry.parentPath, entry.name));
}

/** What a lost write-back leaves of a file's last 4 KiB. */
const damages: Record<string, (path: string) => Promise<void>> = {
  "cut off": async (path) => truncate(path, Math.max(0, (await stat(path)).size - 4096)),
  "full of zeros": async (path) => {
    const { size } = await stat(path);
    const content = await readFile(path);
    await writeFile(path, content.fill(0, Math.max(0, size - 4096)));
  },
  "half a line too long": async (path) => appendFile(path, '{"half":'),
};

describe("A device in the field", () => {
  const row = useFaultTable();

  for (const [what, damage] of Object.entries(damages))
    row(`a power cut that leaves every file of the state ${what} costs no recording`, async (field) => {
      const done = await field.make("done.bin", 50_000);
      const midway = await field.make("midway.bin", sizeBytes);
      // What the archive has of it is found again only as long as the state says where.
      field.mayLeaveOpen = 1;
      const first = field.run([...slowly, ...everything]);
      await first.event("done", ({ file }) => file === done.path);
      await first.event("progress", ({ file, acknowledgedBytes }) => file === midway.path && acknowledgedBytes > 0);
      await first.kill();
      for (const path of await stateFiles(field)) await damage(path);
      const second = field.run(everything);
      await second.event("done", ({ file }) => file === midway.path);
      expect((await second.kill("SIGTERM")).code).toBe(exitCodes.ok);
    });

  row(
    "a damaged identity is put back from its copy; with both damaged it stops with plain words, and keeps every file",
    async (field) => {
      const file = await field.make("rear.bin", 50_000);
      const path = join(field.stateFolder, "identity", "identity.json");
      const whole = await readFile(path);
      await writeFile(path, whole.subarray(0, whole.length / 2));
      const first = await field.make("front.bin", 50_000);
      const { code: mended, events } = await field.push(first).ended;
      expect(mended).toBe(exitCodes.ok);
      expect(JSON.stringify(events)).toContain("put back from its copy");
      await writeFile(path, whole.subarray(0, whole.length / 2));
      await writeFile(join(field.stateFolder, "identity", "copy.json"), "half");
      const { code, stderr } = await field.push(file, ["--delete-after-seal"]).ended;
      expect(code).toBe(exitCodes.authentication);
      expect(stderr).toContain("Put it back from a copy, or enrol anew");
      await writeFile(path, whole);
      expect((await field.push(file).ended).code).toBe(exitCodes.ok);
    },
  );

  row(
    "a recorder pauses on a full disk, says why, goes on sending, and records again when there is room",
    (field) =>
      onSmallDisk(field.card, 24, async () => {
        const port = 20_000 + (process.pid % 20_000);
        const recorders = [
          {
            name: "cam",
            url: `udp://127.0.0.1:${port}`,
            out: field.card,
            segmentMs: 3000,
            format: "ts",
            audio: false,
            minFreeBytes: 8_000_000,
          },
        ];
        const config = join(field.folder, "uploader.json");
        await writeFile(config, JSON.stringify({ recorders }));
        const sender = camera(port);
        try {
          const daemon = field.run(["--config", config]);
          await daemon.event("recorded");
          await writeFile(join(field.card, "ballast"), Buffer.alloc(18_000_000, 1));
          await daemon.event("recorder_notice", ({ message }) => message.includes("the disk is full"));
          const { events } = await field.start(["status"]).ended;
          expect(JSON.stringify(events)).toContain("Nothing is recorded from cam: the disk is full");
          const kept = (await readdir(field.card)).filter((name) => name.endsWith(".ts"));
          // What is there goes out meanwhile, and stays: nobody said that it may be deleted.
          const { file } = (await daemon.event("recorded")) as { file: string };
          await daemon.event("done", (done) => done.file === file);
          expect((await readdir(field.card)).filter((name) => name.endsWith(".ts"))).toEqual(
            expect.arrayContaining(kept),
          );
          const before = daemon.events.filter(({ event }) => event === "recorded").length;
          await unlink(join(field.card, "ballast"));
          expect(await daemon.event("gap")).toMatchObject({ reason: expect.stringContaining("the disk is full") });
          while (daemon.events.filter(({ event }) => event === "recorded").length === before) await sleep(100);
          await daemon.kill("SIGTERM");
          for (const name of await readdir(field.card))
            if (name.endsWith(".ts")) {
              const content = await readFile(join(field.card, name));
              const sha256 = createHash("sha256").update(content).digest("hex");
              const path = join(field.card, name);
              field.files.push({ path, sha256, sizeBytes: content.length, must: "either", isTaken: false });
            }
        } finally {
          sender.kill("SIGKILL");
        }
      }),
    { skip: hasFfmpeg ? whyNoMount : "there is no ffmpeg here" },
  );

  row(
    "a state folder on a full disk takes nothing for done, says so, and works again when there is room",
    (field) =>
      onSmallDisk(field.stateFolder, 4, async () => {
        const flags = ["--include", "bin", "--delete-after-seal"];
        const daemon = field.run(flags);
        await daemon.event("watching");
        const ballast = join(field.stateFolder, "ballast");
        await writeFile(ballast, Buffer.alloc(8_000_000, 1)).catch(() => undefined);
        const file = await field.make("rear.bin", 450_000);
        let said = "";
        while (!/takes no more|disk of the state folder is full/.test(said)) {
          await sleep(500);
          said = JSON.stringify((await field.start(["status"]).ended).events);
        }
        expect(existsSync(file.path)).toBe(true);
        expect(daemon.events.some(({ event }) => event === "done")).toBe(false);
        await unlink(ballast);
        while (existsSync(file.path)) await sleep(100);
        await daemon.kill("SIGTERM");
      }),
    { skip: whyNoMount },
  );

  row("a second daemon on one state folder is refused, and a dead one's lock is taken over", async (field) => {
    const file = await field.make("rear.bin", sizeBytes);
    const first = field.run([...slowly, ...everything]);
    await first.event("progress");
    expect((await field.run(everything).ended).code).toBe(exitCodes.busy);
    await first.kill();
    await field.run(everything).event("done", (done) => done.file === file.path);
  });

  row(
    "a clock that jumps to 2031, to 1970 and back hurries nothing and deletes nothing too early",
    async (field) => {
      const file = await field.make("rear.bin", sizeBytes);
      const clock = join(field.folder, "clock");
      await writeFile(clock, "+0\n");
      const environment = {
        LD_PRELOAD: libfaketime ?? "",
        FAKETIME_TIMESTAMP_FILE: clock,
        FAKETIME_NO_CACHE: "1",
        FAKETIME_DONT_FAKE_MONOTONIC: "1",
      };
      const daemon = field.run([...slowly, ...everything, "--delete-after-seal"], { environment });
      await daemon.event("progress", ({ acknowledgedBytes }) => acknowledgedBytes > 0);
      const before = field.gate.requests.length;
      for (const jump of ["+4y\n", "@1970-01-02 00:00:00\n", "+0\n"]) {
        await writeFile(clock, jump);
        await sleep(300);
      }
      // A storm of timers would show as one of requests.
      expect(field.gate.requests.length - before).toBeLessThan(40);
      await daemon.event("done", (done) => done.file === file.path);
      while (existsSync(file.path)) await sleep(50);
      await writeFile(clock, "@1970-01-02 00:00:00\n");
      while (!(await readFile(join(field.stateFolder, "daemon.json"), "utf8")).includes('"at":"1970-01-02'))
        await sleep(100);
      const second = await field.make("front.bin", 50_000);
      await daemon.event("done", (event) => event.file === second.path);
    },
    { skip: libfaketime === undefined ? "there is no libfaketime here" : null },
  );

  row("notices of changes that the kernel drops are made good by reading the folder", async (field) => {
    const daemon = field.run(everything);
    await daemon.event("watching");
    daemon.child.kill("SIGSTOP");
    // Two notices each, and the kernel keeps 16,384 of them.
    for (let batch = 0; batch < 100; batch++)
      await Promise.all(
        Array.from({ length: 90 }, (_, index) => writeFile(join(field.card, `${batch}-${index}.tmp`), "no recording")),
      );
    await field.make("rear.bin", 50_000);
    await mkdir(join(field.card, "late"));
    daemon.child.kill("SIGCONT");
    await daemon.event("done");
    await field.make("late/front.bin", 50_000);
    await daemon.event("done", ({ file }) => file.endsWith("front.bin"));
    for (const name of await readdir(field.card)) if (name.endsWith(".tmp")) await unlink(join(field.card, name));
  });
});
