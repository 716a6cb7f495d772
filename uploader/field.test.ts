import { spawnSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { exitCodes } from "./exit-codes.ts";
import { useUploaderWorld } from "./testing/uploader-world.ts";

describe("commands in the field", () => {
  const world = useUploaderWorld();

  function ask(...args: string[]) {
    const { bundle, stateFolder, folder } = world();
    const env = {
      NODE_ENV: "production" as const,
      PATH: process.env.PATH ?? "",
      HOME: folder,
      STRONGROOM_STATE_DIR: stateFolder,
    };
    const { status, stdout, stderr } = spawnSync(process.execPath, [bundle, ...args], { encoding: "utf8", env });
    return { status, said: stdout + stderr };
  }
  function configOf(file: object): string {
    const path = join(world().folder, "uploader.json");
    writeFileSync(path, JSON.stringify(file));
    return path;
  }

  it("settings checks the file, and shows what holds and who decided it", () => {
    const config = configOf({
      server: "https://a.example",
      settings: { transfer: { parallel: 3 } },
      limits: { minHoldHours: 99 },
    });
    expect(ask("settings", "check", "--config", config)).toEqual({
      status: exitCodes.ok,
      said: `${config} is valid.\n`,
    });
    const { said } = ask("settings", "show", "--config", config);
    expect(said).toMatch(/^transfer\.parallel +3 +local file$/m);
    expect(said).toMatch(/^deletion\.holdHours +99 +local limit$/m);
    expect(said).toMatch(/^server +"https:\/\/a\.example" +local file$/m);
    expect(JSON.parse(ask("settings", "show", "--json").said)).toMatchObject({
      path: null,
      settings: { order: "oldest" },
      origins: { order: "built-in" },
    });
  });

  it("names what is wrong with a settings file or a command line", () => {
    const config = configOf({ wach: ["/a"] });
    const wrong = {
      status: exitCodes.usage,
      said: expect.stringContaining("wach is not a setting that is known here"),
    };
    expect(ask("settings", "check", "--config", config)).toEqual(wrong);
    expect(ask("status", "--config", config)).toEqual(wrong);
    expect(ask("settings", "check", "--config", "/nonexistent/a.json").said).toContain(
      "cannot be read from /nonexistent/a.json",
    );
    for (const [args, problem] of [
      [["settings"], /check or show/],
      [["logs", "--lines", "many"], /--lines must be a whole number/],
      [["logs", "extra"], /extra is not expected/],
    ] as const)
      expect(ask(...args)).toEqual({ status: exitCodes.usage, said: expect.stringMatching(problem) });
  });

  it("run takes its settings from the file, and logs shows what it did, without the token", async () => {
    const { folder, stateFolder, server, peer, makeFile, start } = world();
    const tokenFile = join(folder, "token");
    writeFileSync(tokenFile, peer.token);
    await makeFile("rear.mkv", 300_000);
    const file = { server, tokenFile, stateFolder, watch: [folder], include: ["mkv"], source: "rear" };
    const uploader = start(["run", "--config", configOf(file), "--settle", "0", "--incomplete-after", "0"], {
      server: "",
      token: "",
    });
    await uploader.event("done");
    await uploader.kill("SIGTERM");
    const { status, said } = ask("logs", "--json");
    expect(status).toBe(exitCodes.ok);
    const events = said
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line));
    expect(events.map(({ event }) => event)).toEqual(expect.arrayContaining(["watching", "described", "done"]));
    expect(said).not.toContain(peer.token);
    const bundle = join(folder, "bundle.tar.gz");
    expect(ask("logs", "--support-bundle", bundle).status).toBe(exitCodes.ok);
    const names = spawnSync("tar", ["-tzf", bundle], { encoding: "utf8" }).stdout.trim().split("\n");
    expect(names).toEqual(["log.jsonl", "versions.json", "status.json", "settings.json"]);
    const unpacked = gunzipSync(readFileSync(bundle)).toString();
    expect(unpacked).toContain('"event":"done"');
    expect(unpacked).not.toContain(peer.token);
    expect(ask("logs", "--lines", "1").said.trimEnd().split("\n")).toHaveLength(1);
  });
});
