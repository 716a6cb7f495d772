import { mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { isPresent, showPresence } from "./presence.ts";
import { lockHolder, takeLock } from "./process-lock.ts";

describe("takeLock", () => {
  let folder = "";
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "lock-"));
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  it("gives the lock to one at most of many that ask at once, over a dead holder's, and to the next one then", async () => {
    for (let round = 0; round < 20; round++) {
      await writeFile(join(folder, `daemon.${2 ** 22 + 1}.unknown.0`), "");
      const asked = Array.from({ length: 8 }, () => takeLock(folder, "daemon"));
      const taken = (await Promise.all(asked)).filter((release) => release !== null);
      expect(taken.length).toBeLessThanOrEqual(1);
      await taken[0]?.();
      const release = await takeLock(folder, "daemon");
      expect(release).not.toBeNull();
      expect(await lockHolder(folder, "daemon")).toBe(process.pid);
      await release?.();
      expect(await readdir(folder)).toEqual([]);
    }
  });

  it("does not take a lock that is held, nor mind one of another name", async () => {
    const release = await takeLock(folder, "daemon");
    expect(await takeLock(folder, "daemon")).toBeNull();
    expect(await takeLock(folder, "other")).not.toBeNull();
    await release?.();
    expect(await takeLock(folder, "daemon")).not.toBeNull();
  });

  it("takes over a lock whose process number now belongs to another process", async () => {
    await writeFile(join(folder, `daemon.${process.pid}.0123456789abcdef.0`), "");
    expect(await lockHolder(folder, "daemon")).toBeNull();
    expect(await takeLock(folder, "daemon")).not.toBeNull();
  });

  it("sees who lives in another container, where process numbers tell nothing, and takes over from the dead", async () => {
    await writeFile(join(folder, "state.7.0123456789abcdef.4242-0"), "");
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(join(folder, "at-4242-7"), resolve));
    expect(await lockHolder(folder, "state")).toBe(7);
    expect(await takeLock(folder, "state")).toBeNull();
    await new Promise((resolve) => server.close(resolve));
    const release = await takeLock(folder, "state");
    expect(release).not.toBeNull();
    await release?.();
    expect(await readdir(folder)).toEqual([]);
  });

  it("shows others its life until it ends", async () => {
    const leave = await showPresence(folder);
    const [, space = ""] = /^at-(\w+)-/.exec((await readdir(folder))[0] ?? "") ?? [];
    expect(await isPresent(folder, space, process.pid)).toBe(true);
    await leave();
    expect(await isPresent(folder, space, process.pid)).toBe(false);
  });
});
