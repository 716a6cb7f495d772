import { spawnSync } from "node:child_process";
import { generateKeyPairSync } from "node:crypto";
import { once } from "node:events";
import { existsSync, readFileSync, readlinkSync, statSync, writeFileSync } from "node:fs";
import { type AddressInfo, createServer } from "node:net";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { readDeviceSettings } from "../lib/protocol/index.ts";
import packageJson from "../package.json" with { type: "json" };
import { exitCodes } from "./exit-codes.ts";
import { useUploaderWorld } from "./testing/uploader-world.ts";
import { packUpdate } from "./update/bundle.ts";

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
    expect(names).toEqual(["log.jsonl", "versions.json", "status.json", "doctor.json", "settings.json"]);
    const unpacked = gunzipSync(readFileSync(bundle)).toString();
    expect(unpacked).toContain('"event":"done"');
    expect(unpacked).not.toContain(peer.token);
    expect(ask("logs", "--lines", "1").said.trimEnd().split("\n")).toHaveLength(1);
  });

  it("run says how it is, takes the archive's configuration, and shows both", async () => {
    const { folder, stateFolder, peer, start } = world();
    const settings = readDeviceSettings({ transfer: { parallel: 2, rateBytesPerSecond: 9_000_000 } });
    peer.fleet = { config: { version: 3, settings }, answer: { nextInSeconds: 1 } };
    const config = configOf({ limits: { rateBytesPerSecond: 1_000_000 } });
    const port = await freePort();
    start(["run", "--watch", folder, "--include", "none", "--config", config, "--metrics", `127.0.0.1:${port}`]);
    await expect.poll(() => peer.heartbeats.at(-1)?.configVersion, { timeout: 15_000 }).toBe(3);
    expect(peer.heartbeats[0]).toMatchObject({
      version: 1,
      configVersion: null,
      uploader: { version: packageJson.version },
    });
    expect(peer.heartbeats.at(-1)?.clock?.offsetMs).toBeTypeOf("number");
    const shown = JSON.parse(ask("settings", "show", "--config", config, "--json").said);
    expect(shown.archive).toEqual({ version: 3, isOnTrial: false, problem: null });
    expect(shown.settings.transfer).toMatchObject({ parallel: 2, rateBytesPerSecond: 1_000_000 });
    expect(shown.origins).toMatchObject({
      "transfer.parallel": "archive",
      "transfer.rateBytesPerSecond": "local limit",
    });
    const text = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
    expect(text).toContain("strongroom_uploader_config_version 3\n");
    expect(readFileSync(join(stateFolder, "contact-version"), "utf8")).toBe(`${packageJson.version}\n`);
  });

  it("run sends recordings whether or not heartbeats are answered", async () => {
    const { folder, peer, makeFile, start } = world();
    peer.fleet = null;
    await makeFile("rear.mkv", 300_000);
    const daemon = start(["run", "--watch", folder, "--include", "mkv", "--settle", "0", "--incomplete-after", "0"]);
    expect((await daemon.event("done")).state).toBe("sealed");
  });

  it("run refuses to show its figures to others, unless that is meant", async () => {
    const { folder, server } = world();
    const run = ["run", "--watch", folder, "--server", server, "--token", "srd_x", "--metrics", "0.0.0.0:9464"];
    expect(ask(...run)).toEqual({ status: exitCodes.usage, said: expect.stringContaining("--metrics-anywhere") });
  });

  it("install puts everything in place once, changes nothing the second time, and uninstall takes it away", () => {
    const { folder } = world();
    const root = join(folder, "image");
    const place = ["--root", root];
    const node = "/usr/bin/node";
    const flags = ["--folder", "/var/lib/recorder", "--server", "https://a.example", "--node", node, ...place];
    const dry = ask("install", ...flags, "--dry-run");
    expect(dry.said).toContain("Nothing was changed; 8 of the steps above are to be taken.");
    expect(existsSync(root)).toBe(false);
    expect(ask("install", ...flags).status).toBe(exitCodes.ok);
    const version = packageJson.version;
    expect(readlinkSync(join(root, "opt/strongroom/current"))).toBe(`versions/${version}`);
    const program = join(root, "opt/strongroom/current/strongroom-uploader.mjs");
    expect(spawnSync(process.execPath, [program, "--version"], { encoding: "utf8" }).stdout).toBe(`${version}\n`);
    const unit = readFileSync(join(root, "etc/systemd/system/strongroom-uploader.service"), "utf8");
    const [started] = unit.split("\n").filter((line) => line.startsWith("ExecStart="));
    expect(started).toContain(`ExecStart=${node} `);
    expect(started).toContain(
      " /opt/strongroom/current/strongroom-uploader.mjs run --config /etc/strongroom/uploader.json",
    );
    const config = join(root, "etc/strongroom/uploader.json");
    expect(JSON.parse(readFileSync(config, "utf8"))).toEqual({
      server: "https://a.example",
      watch: ["/var/lib/recorder"],
    });
    expect(ask("settings", "check", "--config", config).status).toBe(exitCodes.ok);
    expect(statSync(join(root, "var/lib/strongroom-uploader")).mode & 0o777).toBe(0o700);
    const again = ask("install", ...flags)
      .said.split("\n")
      .filter((line) => line.startsWith("done"));
    // An image has no list of users to look into.
    expect(again).toEqual(["done      make the user strongroom"]);
    writeFileSync(config, '{ "watch": ["/elsewhere"] }');
    ask("install", ...flags);
    expect(readFileSync(config, "utf8")).toBe('{ "watch": ["/elsewhere"] }');
    expect(ask("uninstall", ...place, "--keep-state").status).toBe(exitCodes.ok);
    expect(existsSync(join(root, "opt/strongroom/current"))).toBe(false);
    expect(existsSync(config)).toBe(true);
    expect(ask("uninstall", ...place).status).toBe(exitCodes.ok);
    expect(existsSync(config)).toBe(false);
    expect(existsSync(join(root, "var/lib/strongroom-uploader"))).toBe(false);
    expect(ask("uninstall", ...place).said).not.toContain("done");
  });

  it("update brings in what the release key signed, into an image that trusts it", () => {
    const { folder, bundle } = world();
    const root = join(folder, "image");
    const { publicKey, privateKey } = generateKeyPairSync("ed25519");
    const key = join(folder, "release.pub.pem");
    writeFileSync(key, publicKey.export({ type: "spki", format: "pem" }));
    const packed = join(folder, "next.update");
    const newer = readFileSync(bundle, "utf8").replaceAll(`version:"${packageJson.version}"`, 'version:"99.0.0"');
    writeFileSync(packed, packUpdate(Buffer.from(newer), "99.0.0", "20.0.0", privateKey));
    const flags = ["--folder", "/var/lib/recorder", "--root", root];
    expect(ask("install", ...flags).status).toBe(exitCodes.ok);
    expect(ask("update", packed, "--root", root).said).toContain("No release key is trusted here");
    expect(ask("install", ...flags, "--release-key", key).status).toBe(exitCodes.ok);
    expect(ask("update", packed, "--root", root)).toEqual({
      status: exitCodes.ok,
      said: `Version 99.0.0 is in place of ${packageJson.version}.\n`,
    });
    expect(readlinkSync(join(root, "opt/strongroom/current"))).toBe("versions/99.0.0");
    writeFileSync(key, privateKey.export({ type: "pkcs8", format: "pem" }));
    expect(ask("install", ...flags, "--release-key", key).said).toContain(
      "is a private key, which no device must have",
    );
  });

  it("install refuses what cannot work", () => {
    for (const [args, problem] of [
      [["install"], /needs --folder/],
      [["install", "--folder", "/tmp/x", "--dry-run", "--node", "/usr/bin/node"], /emptied at boot/],
      [["install", "--folder", "/x", "--dry-run", "--node", "/home/pi/node"], /a service cannot see/],
      [["install", "--folder", "/x", "--state-dir", "/srv/state"], /below \/var\/lib/],
      [
        ["install", "--folder", "/x", "--dry-run", "--node", "/n", "--enrol", "", "--config", "/x/none.json"],
        /not enrolled/,
      ],
      [["install", "--folder", "/x", "--user", "Robert'); --"], /no name of a user/],
      [["uninstall", "--install-dir", "/opt/a b"], /plain letters/],
    ] as const)
      expect(ask(...args)).toEqual({ status: exitCodes.usage, said: expect.stringMatching(problem) });
  });
});

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo; // it listens on a port
  server.close();
  await once(server, "close");
  return port;
}
