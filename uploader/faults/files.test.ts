import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdir, open, readFile, rename, rm, stat, symlink, truncate, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect } from "vitest";
import { exitCodes } from "../exit-codes.ts";
import { useFaultTable } from "../testing/fault-table.ts";
import type { Field } from "../testing/field.ts";
import type { FieldFile } from "../testing/judge-field.ts";
import { randomBytes } from "../testing/random-bytes.ts";
import type { SpawnedUploader } from "../testing/spawned-uploader.ts";

const chunkBytes = 400_000;
const sizeBytes = 3 * chunkBytes;
const slowly = ["--limit-rate", "700k"];
const everything = ["--include", "bin"];

/** Waits until the archive has acknowledged something, and not everything. */
const untilMidway = (uploader: SpawnedUploader) =>
  uploader.event("progress", ({ acknowledgedBytes }) => acknowledgedBytes >= chunkBytes / 2);

/** The file has become another, which is what must arrive now; what was sent of the first is given up. */
async function becameAnother(field: Field, file: FieldFile): Promise<void> {
  field.files.splice(field.files.indexOf(file), 1, {
    ...file,
    path: `${file.path} before`,
    must: "stay",
    isTaken: true,
  });
  const content = await readFile(file.path);
  const sha256 = createHash("sha256").update(content).digest("hex");
  field.files.push({ ...file, sha256, sizeBytes: content.length });
  field.mayLeaveOpen += 1;
}

describe("Files that do not lie still", () => {
  const row = useFaultTable();

  row("a file that shrinks while it is sent is found short, and sent anew once it lies still", async (field) => {
    const file = await field.make("rear.bin", sizeBytes);
    const uploader = field.push(file, slowly);
    await untilMidway(uploader);
    await truncate(file.path, 450_000);
    await becameAnother(field, file);
    expect((await uploader.ended).code).toBe(exitCodes.ok);
    expect(uploader.events.some((event) => event.event === "notice" && /short|changed/.test(event.message))).toBe(true);
  });

  row("a file that grows while it is sent is sent anew, whole", async (field) => {
    const file = await field.make("rear.bin", sizeBytes);
    const uploader = field.push(file, slowly);
    await untilMidway(uploader);
    const handle = await open(file.path, "a");
    await handle.write(randomBytes(100_000, 99));
    await handle.close();
    await becameAnother(field, file);
    expect((await uploader.ended).code).toBe(exitCodes.ok);
  });

  row("a file that is rewritten in place, with its size and its time, is found out by its digest", async (field) => {
    const file = await field.make("rear.bin", sizeBytes);
    const { atime, mtime } = await stat(file.path);
    const uploader = field.push(file, slowly);
    await untilMidway(uploader);
    const handle = await open(file.path, "r+");
    await handle.write(randomBytes(1000, 98), 0, 1000, 1000);
    await handle.close();
    await utimes(file.path, atime, mtime);
    await becameAnother(field, file);
    expect((await uploader.ended).code).toBe(exitCodes.ok);
  });

  row("a file that is renamed while it is sent arrives once", async (field) => {
    const file = await field.make("rear.bin", sizeBytes);
    const daemon = field.run([...slowly, ...everything]);
    await untilMidway(daemon);
    await rename(file.path, join(field.card, "renamed.bin"));
    file.path = join(field.card, "renamed.bin");
    await daemon.event("done");
    expect(await field.recordings()).toHaveLength(1);
  });

  row("a file that is replaced while it is sent arrives as it was, and so does the other", async (field) => {
    const first = await field.make("rear.bin", sizeBytes);
    const daemon = field.run([...slowly, ...everything]);
    await untilMidway(daemon);
    const second = await field.make(".rear.bin", 200_000);
    await rename(second.path, first.path);
    second.path = first.path;
    await daemon.event("done", ({ sha256 }) => sha256 === second.sha256);
  });

  row("a file that is deleted while it is sent arrives all the same", async (field) => {
    const file = await field.make("rear.bin", sizeBytes);
    const daemon = field.run([...slowly, ...everything]);
    await untilMidway(daemon);
    await rm(file.path);
    file.isTaken = true;
    await daemon.event("done");
  });

  row("a link, a pipe, a folder, an empty file and odd names stop nothing", async (field) => {
    await writeFile(join(field.folder, "secret"), "not ours to send");
    await symlink(join(field.folder, "secret"), join(field.card, "link.bin"));
    await symlink(join(field.folder, "nowhere"), join(field.card, "broken.bin"));
    execFileSync("mkfifo", [join(field.card, "pipe.bin")]);
    await mkdir(join(field.card, "folder.bin"));
    await writeFile(join(field.card, "empty.bin"), "");
    const names = ["ñandú 😀.bin", "-rf.bin", "a\nb.bin", "%2e%2e.bin", "'\"$(id).bin", `${"x".repeat(240)}.bin`];
    for (const [index, name] of names.entries()) await field.make(name, 3000 + index);
    const daemon = field.run(everything);
    for (const { path } of field.files) await daemon.event("done", (done) => done.file === path);
    const { code } = await daemon.kill("SIGTERM");
    expect(code).toBe(exitCodes.ok);
    expect(await field.recordings()).toHaveLength(names.length);
  });

  row("the same bytes under another name, and other bytes under the same name after a restart", async (field) => {
    const first = await field.make("0001.bin", 50_000, { seed: 7 });
    const copy = await field.make("copy of 0001.bin", 50_000, { seed: 7 });
    expect(copy.sha256).toBe(first.sha256);
    const daemon = field.run([...everything, "--delete-after-seal"]);
    await daemon.event("done", ({ file }) => file === first.path);
    await daemon.event("done", ({ file }) => file === copy.path);
    await daemon.kill("SIGTERM");
    // A recorder that counts from 1 after each boot.
    const other = await field.make("0001.bin", 60_000, { seed: 8 });
    await field.run([...everything, "--delete-after-seal"]).event("done", ({ sha256 }) => sha256 === other.sha256);
    const sealed = (await field.recordings()).filter(({ state }) => state === "sealed");
    expect(sealed.filter(({ repeatOfId }) => repeatOfId === null)).toHaveLength(2);
  });
});
