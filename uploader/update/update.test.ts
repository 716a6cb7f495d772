import { generateKeyPairSync } from "node:crypto";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { decodeJws, signJws } from "../../lib/protocol/index.ts";
import { type UpdateSettings, type UpdateWorld, update } from "../commands/update.ts";
import { exitCodes } from "../exit-codes.ts";
import { compareVersions, openUpdate, packUpdate } from "./bundle.ts";
import { Versions } from "./versions.ts";

const release = generateKeyPairSync("ed25519");
const other = generateKeyPairSync("ed25519");
const programOf = (version: string) => Buffer.from(`program ${version} `.repeat(1000));

describe("an update bundle", () => {
  const bundle = packUpdate(programOf("2.0.0"), "2.0.0", "20.0.0", release.privateKey);

  it("opens with the key that signed it, and holds what was packed", () => {
    const { manifest, program } = openUpdate(bundle, [other.publicKey, release.publicKey]);
    expect(manifest).toMatchObject({ product: "strongroom-uploader", release: "2.0.0", minimalRuntime: "20.0.0" });
    expect(program.equals(programOf("2.0.0"))).toBe(true);
  });

  it("opens with no other key, and without one", () => {
    expect(() => openUpdate(bundle, [other.publicKey])).toThrow(/which this device does not trust/);
    expect(() => openUpdate(bundle, [])).toThrow(/does not trust/);
  });

  it("does not open when any byte of it was changed or is missing", () => {
    for (let at = 0; at < bundle.length; at += 13) {
      const changed = Buffer.from(bundle);
      changed[at] = (changed[at] ?? 0) ^ 1;
      let opened = false;
      try {
        opened = openUpdate(changed, [release.publicKey]).program.equals(programOf("2.0.0"));
      } catch (error) {
        expect(String(error)).toContain("The update is not taken");
        continue;
      }
      // Some bits of gzip's own header mean nothing; the program must be the same then.
      expect({ at, opened, isProgram: at > bundle.indexOf("\n") }).toEqual({ at, opened: true, isProgram: true });
    }
    for (const length of [0, 10, bundle.length - 1])
      expect(() => openUpdate(bundle.subarray(0, length), [release.publicKey])).toThrow(/not taken/);
  });

  it("is nobody's word but the key's that it names", () => {
    const stranger = packUpdate(programOf("2.0.0"), "2.0.0", "20.0.0", other.privateKey);
    const end = stranger.indexOf("\n");
    const { payload } = decodeJws(stranger.subarray(0, end).toString("latin1"));
    const { header } = decodeJws(bundle.subarray(0, bundle.indexOf("\n")).toString("latin1"));
    const forged = signJws(payload, other.privateKey, { kid: header.kid ?? "", typ: header.typ ?? "" });
    const whole = Buffer.concat([Buffer.from(forged), stranger.subarray(end)]);
    expect(() => openUpdate(whole, [release.publicKey])).toThrow(/its signature is not right/);
  });

  it("is no other document of the same key, and not another program with the same manifest", () => {
    const [line = ""] = bundle.toString("latin1").split("\n");
    const [, payload = ""] = line.split(".");
    const forged = signJws(Buffer.from(payload, "base64url"), release.privateKey, { typ: "strongroom-manifest" });
    expect(() => openUpdate(Buffer.from(`${forged}\nx`), [release.publicKey])).toThrow(/not taken/);
    const newer = packUpdate(programOf("3.0.0"), "3.0.0", "20.0.0", other.privateKey);
    const swapped = Buffer.concat([Buffer.from(`${line}\n`), newer.subarray(newer.indexOf("\n") + 1)]);
    expect(() => openUpdate(swapped, [release.publicKey])).toThrow(/not the one that was signed/);
  });
});

describe("compareVersions", () => {
  it("orders as semver does", () => {
    const ordered = ["0.9.9", "1.0.0-beta.1", "1.0.0-rc.1", "1.0.0", "1.0.1", "1.2.0", "1.10.0", "2.0.0"];
    for (const [index, version] of ordered.entries())
      for (const [at, another] of ordered.entries())
        expect(Math.sign(compareVersions(version, another))).toBe(Math.sign(index - at));
  });
});

/** Thrown where a test kills the update. */
class Killed extends Error {}

describe("update", () => {
  let folder = "";
  let versions: Versions;
  let said: string;
  /** What the machine does: the version that runs, and that reached the archive. */
  let machine: { running: string | null; contact: string | null; nowMs: number; works: Set<string>; sending: string[] };
  let isOnline = true;

  const settings: UpdateSettings = { isForced: false, isLive: true, waitMs: 60_000, contactMs: 120_000 };
  const startService = async () => {
    const version = await versions.current();
    machine.running = machine.works.has(version) ? version : null;
    if (machine.running !== null && isOnline) machine.contact = version;
  };
  const world = (change: Partial<UpdateWorld> = {}): UpdateWorld => ({
    versions,
    readBundle: async () => packUpdate(programOf("2.0.0"), "2.0.0", "20.0.0", release.privateKey),
    runtime: "22.0.0",
    versionOf: async (path) => (await readFile(path, "utf8")).split(" ")[1] ?? "",
    uncommitted: async () => machine.sending,
    isInContact: async () => isOnline,
    restart: startService,
    contactVersion: async () => machine.contact,
    forgetContact: async () => {
      machine.contact = null;
    },
    runningVersion: async () => machine.running,
    sleep: async (ms) => {
      machine.nowMs += ms;
    },
    nowMs: () => machine.nowMs,
    write: (text) => {
      said += text;
    },
    ...change,
  });
  const isWhole = async () => (await readFile(versions.programOf(await versions.current()))).length > 1000;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "update-"));
    versions = new Versions(folder);
    await mkdir(join(folder, "release-keys"));
    await writeFile(join(folder, "release-keys", "a.pem"), release.publicKey.export({ type: "spki", format: "pem" }));
    await versions.add("1.0.0", programOf("1.0.0"));
    await versions.switchTo("1.0.0");
    said = "";
    isOnline = true;
    machine = { running: "1.0.0", contact: "1.0.0", nowMs: 0, works: new Set(["1.0.0", "2.0.0"]), sending: [] };
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  it("brings the new version in, and keeps the one before for going back", async () => {
    await versions.add("0.9.0", programOf("0.9.0"));
    expect(await update(settings, world())).toBe(exitCodes.ok);
    expect(await versions.current()).toBe("2.0.0");
    expect(machine.running).toBe("2.0.0");
    expect(await versions.pending()).toBeNull();
    await expect(readFile(versions.programOf("0.9.0"))).rejects.toThrow("ENOENT");
    expect((await readFile(versions.programOf("1.0.0"))).length).toBeGreaterThan(0);
    expect(await update(settings, world())).toBe(exitCodes.ok);
    expect(said).toContain("Version 2.0.0 is installed already.");
  });

  it("goes back by itself when the new version does not reach the archive", async () => {
    machine.works.delete("2.0.0");
    expect(await update(settings, world())).toBe(exitCodes.failed);
    expect(await versions.current()).toBe("1.0.0");
    expect(machine.running).toBe("1.0.0");
    expect(await versions.pending()).toBeNull();
    expect(said).toContain("Version 2.0.0 did not reach the archive within 120 s; 1.0.0 is back.");
  });

  it("leaves it on trial where there was no contact before either", async () => {
    isOnline = false;
    expect(await update(settings, world())).toBe(exitCodes.ok);
    expect(machine.running).toBe("2.0.0");
    expect(await versions.pending()).toEqual({ from: "1.0.0", to: "2.0.0" });
    machine.works.delete("2.0.0");
  });

  it("refuses what is older, needs a newer Node, does not start, or has no key to trust", async () => {
    const bundled = (version: string, runtime = "20.0.0") => ({
      readBundle: async () => packUpdate(programOf(version), version, runtime, release.privateKey),
    });
    await expect(update(settings, world(bundled("0.9.0")))).rejects.toThrow(/older than 1\.0\.0.*--force/);
    await expect(update(settings, world(bundled("2.0.0", "99.0.0")))).rejects.toThrow(/needs Node 99\.0\.0/);
    await expect(update(settings, world({ versionOf: () => Promise.reject(new Error()) }))).rejects.toThrow(
      /does not start/,
    );
    await expect(readFile(versions.programOf("2.0.0"))).rejects.toThrow("ENOENT");
    expect(await versions.current()).toBe("1.0.0");
    machine.works.add("0.9.0");
    expect(await update({ ...settings, isForced: true }, world(bundled("0.9.0")))).toBe(exitCodes.ok);
    expect(await versions.current()).toBe("0.9.0");
    await rm(join(folder, "release-keys"), { recursive: true });
    await expect(update(settings, world())).rejects.toThrow(/No release key is trusted here/);
  });

  it("waits for a recording that is being sent, and gives way to it unless it is forced", async () => {
    machine.sending = ["rear.mp4"];
    await expect(update(settings, world())).rejects.toMatchObject({ kind: "busy" });
    expect(machine.nowMs).toBeGreaterThanOrEqual(60_000);
    expect(await versions.current()).toBe("1.0.0");
    const sleep = async (ms: number) => {
      machine.nowMs += ms;
      machine.sending = [];
    };
    expect(await update(settings, world({ sleep }))).toBe(exitCodes.ok);
    expect(await versions.current()).toBe("2.0.0");
  });

  it("killed at any step it leaves a version that works, and the next update ends it", async () => {
    const steps = [
      "readBundle",
      "versionOf",
      "uncommitted",
      "isInContact",
      "forgetContact",
      "restart",
      "contactVersion",
    ] as const;
    for (const when of ["before", "after"] as const)
      for (const step of steps) {
        await versions.switchTo("1.0.0");
        await versions.settle();
        await versions.remove("2.0.0");
        machine = { ...machine, running: "1.0.0", contact: "1.0.0", works: new Set(["1.0.0", "2.0.0"]) };
        const whole = world();
        const act = whole[step] as (...args: unknown[]) => Promise<unknown>;
        const killing = world({
          [step]: async (...args: unknown[]) => {
            if (when === "after") await act(...args);
            throw new Killed();
          },
        });
        // A refusal is what the killed version check looks like from inside; the rest ends at once.
        await expect(update(settings, killing)).rejects.toThrow();
        expect(await isWhole()).toBe(true);
        await startService();
        expect(machine.running).not.toBeNull();
        expect(await update(settings, world())).toBe(exitCodes.ok);
        expect(await versions.current()).toBe("2.0.0");
        expect(machine.running).toBe("2.0.0");
        expect(await versions.pending()).toBeNull();
      }
  });

  it("a killed update to a version that does not work is taken back by the next one", async () => {
    machine.works.delete("2.0.0");
    await expect(update(settings, world({ restart: () => Promise.reject(new Killed()) }))).rejects.toThrow(Killed);
    expect(await versions.pending()).toEqual({ from: "1.0.0", to: "2.0.0" });
    await startService();
    expect(machine.running).toBeNull();
    await update(settings, world({ readBundle: () => Promise.reject(new Killed()) })).catch(() => undefined);
    expect(machine.running).toBe("1.0.0");
    expect(await versions.pending()).toBeNull();
  });

  it("changes an image without asking anything that runs", async () => {
    const asleep = world({ restart: () => Promise.reject(new Error("nothing runs here")) });
    expect(await update({ ...settings, isLive: false }, asleep)).toBe(exitCodes.ok);
    expect(await versions.current()).toBe("2.0.0");
    expect(await versions.pending()).toBeNull();
  });
});
