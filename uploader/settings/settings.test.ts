import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type DeviceSettings, defaultDeviceSettings, readDeviceSettings } from "../../lib/protocol/index.ts";
import { flagsOf, settingsOf } from "./file-values.ts";
import { type LocalFile, parseLocalFile } from "./local-file.ts";
import { mergeSettings, type SettingSources } from "./merge.ts";
import { RemoteConfig } from "./remote-config.ts";

const nothing: SettingSources = { flags: {}, limits: {}, remote: null, local: {} };

describe("parseLocalFile", () => {
  const parse = (value: unknown) => parseLocalFile(JSON.stringify(value), "/etc/s.json");

  it("reads everything that there is", () => {
    const file: LocalFile = {
      server: "https://archive.example",
      tokenFile: "/etc/strongroom/token",
      watch: ["/var/lib/recorder"],
      include: ["mp4"],
      source: "rear",
      metadata: { line: 7 },
      metrics: "127.0.0.1:9464",
      limits: { rateBytesPerSecond: 100_000, allowDeletion: false, meteredBulk: "hold" },
      settings: { transfer: { parallel: 2 } },
    };
    expect(parse(file)).toEqual(file);
    expect(parse({})).toEqual({});
  });

  it.each([
    [{ sever: "https://a.example" }, /^\/etc\/s\.json: sever is not a setting that is known here \(known: server, /],
    [{ server: "archive.example" }, /: server must be an address such as https:\/\/archive\.example\.$/],
    [{ watch: "/a" }, /: watch must be a list of folders\.$/],
    [{ watch: ["recordings"] }, /: watch\.0 must be a path that begins with \/\.$/],
    [{ limits: { allowDeletion: "no" } }, /: limits\.allowDeletion must be true or false\.$/],
    [{ limits: { meteredBulk: "send" } }, /: limits\.meteredBulk must be "hold", or left out\.$/],
    [{ limits: { speed: 3 } }, /: limits\.speed is not a setting that is known here\.$/],
    [
      { settings: { transfer: { parallel: 9 } } },
      /: settings\.transfer\.parallel must be a whole number from 1 to 8\.$/,
    ],
    [{ settings: { transfer: { paralel: 1 } } }, /: settings\.transfer\.paralel is not a setting/],
    [[], /: it must be an object\.$/],
  ])("names what is wrong with %j", (value, problem) => {
    expect(() => parse(value)).toThrow(problem);
  });

  it("says when it is no JSON", () => {
    expect(() => parseLocalFile("server: x", "/etc/s.json")).toThrow(/^\/etc\/s\.json is not JSON: /);
  });
});

describe("flagsOf", () => {
  const file: LocalFile = { server: "https://a.example", tokenFile: "/t", watch: ["/w"], include: ["mp4", "mkv"] };

  it("gives way to flags and to the environment", () => {
    expect(flagsOf(file, {}, {})).toEqual({
      server: "https://a.example",
      "token-file": "/t",
      watch: ["/w"],
      include: "mp4,mkv",
    });
    expect(flagsOf(file, { watch: ["/x"], server: "https://b.example", token: "srd_1" }, {})).toEqual({
      server: "https://b.example",
      token: "srd_1",
      watch: ["/x"],
      include: "mp4,mkv",
    });
    const flags = flagsOf(file, {}, { STRONGROOM_SERVER: "https://c.example", STRONGROOM_TOKEN: "srd_2" });
    expect(flags).not.toHaveProperty("server");
    expect(flags).not.toHaveProperty("token-file");
  });

  it("knows what flags decide of the archive's settings", () => {
    expect(settingsOf({ parallel: "3", settle: "0.5", "delete-after-seal": true })).toEqual({
      "transfer.parallel": 3,
      "find.settleSeconds": 0.5,
      "deletion.policy": "after_receipt",
      "deletion.holdHours": 0,
    });
  });
});

describe("mergeSettings", () => {
  const remote = (change: Partial<DeviceSettings>): DeviceSettings => ({ ...defaultDeviceSettings, ...change });

  it("is the built-in settings where nobody decides", () => {
    const { settings, origins } = mergeSettings(nothing);
    expect(settings).toEqual(defaultDeviceSettings);
    expect(new Set(origins.values())).toEqual(new Set(["built-in"]));
  });

  it("goes command line, archive, local file, built-in, member by member", () => {
    const { settings, origins } = mergeSettings({
      ...nothing,
      flags: { "transfer.parallel": 4 },
      remote: { order: "newest", transfer: { parallel: 2 } },
      local: { heartbeatSeconds: 60, order: "oldest", transfer: { parallel: 8, rateBytesPerSecond: 5000 } },
    });
    expect(settings).toMatchObject({
      heartbeatSeconds: 60,
      order: "newest",
      transfer: { parallel: 4, rateBytesPerSecond: 5000 },
    });
    expect(origins.get("transfer.parallel")).toBe("command line");
    expect(origins.get("order")).toBe("archive");
    expect(origins.get("heartbeatSeconds")).toBe("local file");
    expect(origins.get("find.settleSeconds")).toBe("built-in");
  });

  it("lets no archive loosen a local limit", () => {
    const greedy = remote({
      transfer: {
        ...defaultDeviceSettings.transfer,
        rateBytesPerSecond: null,
        metered: { interfaces: ["wwan0"], bulk: "send", events: "send", rateBytesPerSecond: 9_000_000 },
      },
      deletion: { policy: "after_receipt", holdHours: 0, keepFreeBytes: null, quotaBytes: null, allowTombstones: true },
    });
    const { settings, origins } = mergeSettings({
      ...nothing,
      remote: greedy,
      limits: {
        rateBytesPerSecond: 250_000,
        allowDeletion: false,
        allowTombstones: false,
        minHoldHours: 48,
        meteredBulk: "hold",
        meteredEvents: "hold",
        meteredInterfaces: ["usb0"],
        meteredRateBytesPerSecond: 20_000,
      },
    });
    expect(settings.transfer.rateBytesPerSecond).toBe(250_000);
    expect(settings.transfer.metered).toEqual({
      interfaces: ["wwan0", "usb0"],
      bulk: "hold",
      events: "hold",
      rateBytesPerSecond: 20_000,
    });
    expect(settings.deletion).toMatchObject({ policy: "never", allowTombstones: false, holdHours: 48 });
    expect(origins.get("deletion.policy")).toBe("local limit");
  });

  it("lets an archive be stricter than the local limit", () => {
    const strict = remote({ transfer: { ...defaultDeviceSettings.transfer, rateBytesPerSecond: 1000 } });
    const { settings, origins } = mergeSettings({
      ...nothing,
      remote: strict,
      limits: { rateBytesPerSecond: 250_000 },
    });
    expect(settings.transfer.rateBytesPerSecond).toBe(1000);
    expect(origins.get("transfer.rateBytesPerSecond")).toBe("archive");
  });

  it("applies a limit to a limit that would be none: a rate of null is faster than any", () => {
    const { settings } = mergeSettings({ ...nothing, limits: { rateBytesPerSecond: 250_000, allowDeletion: true } });
    expect(settings.transfer.rateBytesPerSecond).toBe(250_000);
    expect(settings.deletion.policy).toBe("never");
  });
});

describe("RemoteConfig", () => {
  let folder = "";
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "remote-"));
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));
  const open = (program = "1.0.0") => RemoteConfig.open(folder, program);
  const settings = (heartbeatSeconds: number) => readDeviceSettings({ heartbeatSeconds });

  it("tries a version, keeps it once the archive was reached, and survives a power cut after each step", async () => {
    expect((await open()).version).toBeNull();
    expect((await open()).isNews(3)).toBe(true);
    expect(await (await open()).take(3, settings(60))).toBe(true);
    const tried = await open();
    expect(tried).toMatchObject({ version: 3, isOnTrial: true, problem: null, settings: { heartbeatSeconds: 60 } });
    expect(tried.isNews(3)).toBe(false);
    await tried.reached();
    expect(await open()).toMatchObject({ version: 3, isOnTrial: false });
  });

  it("goes back when contact is lost, says why, and comes back to it twice before it gives it up", async () => {
    const remote = await open();
    await remote.take(1, settings(60));
    await remote.reached();
    for (let attempt = 1; attempt <= 3; attempt++) {
      expect(remote.isNews(2)).toBe(true);
      expect(await remote.take(2, settings(10))).toBe(true);
      expect(await remote.lost()).toBe(false);
      expect(await remote.lost()).toBe(false);
      expect(remote.version).toBe(2);
      expect(await remote.lost()).toBe(true);
      expect(await open()).toMatchObject({
        version: 1,
        isOnTrial: false,
        settings: { heartbeatSeconds: 60 },
        problem: "version 2: contact was lost with it 3 times in a row; version 1 holds",
      });
    }
    expect(remote.isNews(2)).toBe(false);
    expect(remote.isNews(3)).toBe(true);
    await remote.take(3, settings(20));
    await remote.reached();
    expect(await open()).toMatchObject({ version: 3, problem: null });
  });

  it("an answer in between starts the count anew, and what has proved itself is never given up", async () => {
    const remote = await open();
    await remote.take(1, settings(60));
    await remote.lost();
    await remote.lost();
    await remote.reached();
    for (let attempt = 0; attempt < 10; attempt++) expect(await remote.lost()).toBe(false);
    expect(remote.version).toBe(1);
  });

  it("goes back when the daemon does not stay up with it", async () => {
    await (await open()).take(1, settings(60));
    expect(await (await open()).started()).toBe(false);
    expect(await (await open()).started()).toBe(false);
    const third = await open();
    expect(await third.started()).toBe(true);
    expect(third).toMatchObject({ version: null, settings: null });
    expect(third.problem).toMatch(
      /^version 1: the uploader was started 3 times with it .* the built-in settings hold$/,
    );
  });

  it("refuses what is no configuration, keeps what holds, and does not ask for it again", async () => {
    const remote = await open();
    await remote.take(1, settings(60));
    await remote.reached();
    expect(await remote.take(2, { heartbeatSeconds: 1 })).toBe(false);
    expect(remote).toMatchObject({
      version: 1,
      problem: "version 2: heartbeatSeconds must be a whole number from 10 to 3600.",
    });
    expect((await open()).isNews(2)).toBe(false);
    // A later version of this program may know what this one did not.
    const later = await open("1.1.0");
    expect(later.isNews(2)).toBe(true);
    await later.take(2, { heartbeatSeconds: 1 });
    expect(later.isNews(2)).toBe(false);
    await remote.take(3, settings(60));
    expect(await remote.refuse("no such interface")).toBe(true);
    expect(remote.isNews(3)).toBe(false);
  });

  it("forgets it all when the archive decides nothing any more", async () => {
    const remote = await open();
    expect(remote.isNews(0)).toBe(false);
    await remote.take(1, settings(60));
    expect(remote.isNews(0)).toBe(true);
    expect(await remote.take(0, settings(45))).toBe(true);
    expect((await open()).settings).toBeNull();
  });

  it("sets a damaged file aside, and looking at it alone does not", async () => {
    await (await open()).take(1, settings(60));
    const path = join(folder, "settings", "remote.json");
    await writeFile(path, (await readFile(path, "utf8")).slice(0, 40));
    expect((await RemoteConfig.read(folder)).version).toBeNull();
    expect(await readdir(join(folder, "settings"))).toEqual(["remote.json"]);
    expect((await open()).version).toBeNull();
    expect(await readdir(join(folder, "settings"))).toEqual(["remote.json.damaged"]);
  });

  it("keeps what holds when the disk takes no more", async () => {
    const remote = await open();
    await remote.take(1, settings(60));
    await rm(join(folder, "settings"), { recursive: true });
    await expect(remote.take(2, settings(10))).rejects.toThrow();
    expect(remote.version).toBe(1);
    await mkdir(join(folder, "settings"));
  });
});
