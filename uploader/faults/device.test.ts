import { existsSync } from "node:fs";
import { appendFile, mkdir, readdir, readFile, stat, truncate, unlink, writeFile } from "node:fs/promises";
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
