import { spawnSync } from "node:child_process";
import { copyFile, mkdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { exitCodes } from "./exit-codes.ts";
import { SpawnedUploader } from "./testing/spawned-uploader.ts";
import { useUploaderWorld } from "./testing/uploader-world.ts";

/** Every Node on this machine that is 20 or newer, by its version. */
function installedNodes(): Map<string, string> {
  const found = new Map<string, string>();
  const folders = (process.env.PATH ?? "").split(":");
  for (const node of [process.execPath, ...folders.map((folder) => join(folder, "node")), "/usr/bin/node"]) {
    const version = spawnSync(node, ["--version"], { encoding: "utf8" }).stdout?.trim() ?? "";
    if (Number(/^v(\d+)/.exec(version)?.[1] ?? 0) >= 20 && !found.has(version)) found.set(version, node);
  }
  return found;
}

describe("the bundle", () => {
  const world = useUploaderWorld();

  it("is one file of less than 2 MB compressed, with no code for one processor alone", async () => {
    const bundle = await readFile(world().bundle);
    expect(gzipSync(bundle).length).toBeLessThan(2_000_000);
    expect(bundle.toString()).not.toMatch(/\.node["']\)/);
  });

  it.each([...installedNodes()])("runs alone in an empty folder on Node %s", async (_version, node) => {
    const { folder, bundle, makeFile, server, peer } = world();
    const alone = join(folder, "alone");
    await mkdir(alone);
    await copyFile(bundle, join(alone, "uploader.mjs"));
    const file = await makeFile("rear.bin", 1_000_000);
    const environment = {
      STRONGROOM_SERVER: server,
      STRONGROOM_TOKEN: peer.token,
      STRONGROOM_STATE_DIR: join(alone, "state"),
    };
    const uploader = new SpawnedUploader(
      join(alone, "uploader.mjs"),
      ["push", file, "--settle", "0"],
      environment,
      node,
    );
    const { code, events, stderr } = await uploader.ended;
    expect({ code, stderr }).toEqual({ code: exitCodes.ok, stderr: "" });
    expect(events.at(-1)).toMatchObject({ event: "done", state: "sealed" });
  });

  it("explains itself, and names what is wrong with a command line", () => {
    const ask = (...args: string[]) => {
      const env = { NODE_ENV: "production" as const, PATH: process.env.PATH ?? "", HOME: world().folder };
      const { status, stdout, stderr } = spawnSync(process.execPath, [world().bundle, ...args], {
        encoding: "utf8",
        env,
      });
      return { status, said: stdout + stderr };
    };
    for (const command of ["push", "run", "status"]) {
      const { status, said } = ask(command, "--help");
      expect(status).toBe(exitCodes.ok);
      for (const part of ["Usage:", "Options:", "Examples:", "Exit codes:"]) expect(said).toContain(part);
    }
    expect(ask("--version").said).toMatch(/^\d+\.\d+\.\d+\n$/);
    const archive = ["--server", "http://localhost:1", "--token", "srd_x"];
    const wrong: [string[], RegExp][] = [
      [["pull"], /no command pull/],
      [["push"], /No archive is named/],
      [["push", "x", "--server", "archive.example"], /must be an address such as/],
      [["push", "x", "--server", "https://archive.example"], /No token/],
      [["push", ...archive], /at least one FILE/],
      [["push", "x", ...archive, "--chunk-size", "1k"], /--chunk-size must lie between/],
      [["push", "x", ...archive, "--limit-rate", "fast"], /--limit-rate must be a number of bytes/],
      [["push", "x", ...archive, "--captured-from", "yesterday"], /--captured-from must be a time with a zone/],
      [["push", "x", ...archive, "--metadata", "[1]"], /--metadata must be a JSON object/],
      [["push", "x", ...archive, "--no-wait", "--delete-after-seal"], /needs the seal/],
      [["run", ...archive], /--watch/],
      [["status", "extra"], /extra is not expected/],
    ];
    for (const [args, problem] of wrong)
      expect(ask(...args)).toEqual({ status: exitCodes.usage, said: expect.stringMatching(problem) });
  });
});
