import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdir, readdir, readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { beforeEach, describe, expect, it } from "vitest";
import { type EnrolmentCode, formatEnrolmentLink } from "../lib/protocol/index.ts";
import { sampleReceipt, sealedAs } from "../lib/testing/sample-receipt.ts";
import { exitCodes } from "./exit-codes.ts";
import { defaultTransportSettings, Transport, unthrottled } from "./http/transport.ts";
import { enrol } from "./identity/enrolment.ts";
import { identityPaths, loadIdentity } from "./identity/identity.ts";
import { SpawnedUploader } from "./testing/spawned-uploader.ts";
import { useUploaderWorld } from "./testing/uploader-world.ts";

const code = "BCDFGHJK" as EnrolmentCode;
const never = new AbortController().signal;

describe("enrol", () => {
  const world = useUploaderWorld();
  let receiptKey = "";
  beforeEach(() => {
    const { identity } = world().peer;
    identity.codes.add(code);
    identity.keys = sampleReceipt(sealedAs(Buffer.from("x"))).keys;
    receiptKey = identity.keys.find(({ purpose }) => purpose === "receipt")?.kid ?? "";
  });

  /** Runs the command to its end. */
  const run = async (...args: string[]) => {
    const { bundle, stateFolder } = world();
    const {
      code: exitCode,
      events,
      stderr,
    } = await new SpawnedUploader(bundle, ["enrol", ...args], {
      STRONGROOM_STATE_DIR: stateFolder,
    }).ended;
    // One object that is no event.
    return { exitCode, said: events[0] as unknown, stderr };
  };

  it("makes a device with a key of its own, which buys tokens and sends recordings from then on", async () => {
    const { server, stateFolder, peer, makeFile, start } = world();
    const { exitCode, said } = await run("--server", server, "--code", "bcdf ghjk", "--name", "Van 04");
    expect(exitCode).toBe(exitCodes.ok);
    expect(said).toMatchObject({
      device: "D-1",
      name: "Van 04",
      state: "active",
      receiptKeys: [receiptKey],
      isNew: true,
    });
    const paths = identityPaths(stateFolder);
    expect((await stat(paths.key)).mode & 0o777).toBe(0o600);
    expect((await stat(paths.folder)).mode & 0o777).toBe(0o700);
    expect((await readdir(paths.folder)).sort()).toEqual(["copy.json", "device-key.pem", "identity.json"]);
    const file = await makeFile("rear.bin", 300_000);
    const pushed = await start(["push", file, "--settle", "0"], { token: "", server: "" }).ended;
    expect(pushed).toMatchObject({ code: exitCodes.ok, stderr: "" });
    expect(peer.identity.asked.get("/api/devices/token")).toBe(1);
    // A token that ends early is bought anew in the middle of a file, and the request is made once more.
    const long = await makeFile("front.bin", 3_000_000, 2);
    const uploader = start(["push", long, "--settle", "0", "--limit-rate", "1M"], { token: "", server: "" });
    await uploader.event("upload");
    peer.identity.endTokens();
    const { code: longCode, events } = await uploader.ended;
    expect(longCode).toBe(exitCodes.ok);
    expect(events.filter(({ event }) => event === "retry")).toEqual([]);
    expect(peer.identity.asked.get("/api/devices/token")).toBe(3);
  });

  it("says so when it is enrolled already, and becomes another device only by force", async () => {
    const { server, peer, stateFolder } = world();
    await run("--server", server, "--code", code);
    const { said } = await run("--server", server, "--code", "sre_0123456789012345678901");
    expect(said).toMatchObject({ device: "D-1", isNew: false });
    expect(await run("--server", "https://other.example", "--code", code)).toMatchObject({
      exitCode: exitCodes.usage,
      stderr: expect.stringMatching(/enrolled at http.*already.*--force-new/),
    });
    peer.identity.codes.add("CCCCDDDD");
    expect((await run("--server", server, "--code", "CCCC-DDDD", "--force-new")).said).toMatchObject({ device: "D-2" });
    expect(await readdir(stateFolder)).toContain("identity.replaced-1");
  });

  it("takes a link, and pins its key: another archive's answer is refused and nothing of it believed", async () => {
    const { server, stateFolder } = world();
    const other = formatEnrolmentLink({ server, code, pin: "A".repeat(43) });
    const refused = await run(other);
    expect(refused).toMatchObject({
      exitCode: exitCodes.failed,
      stderr: expect.stringMatching(/not the archive that is meant/),
    });
    expect(await loadIdentity(stateFolder)).toBeNull();
    expect((await run(formatEnrolmentLink({ server, code, pin: receiptKey }))).exitCode).toBe(exitCodes.ok);
    expect((await loadIdentity(stateFolder))?.keys.map(({ kid }) => kid)).toContain(receiptKey);
  });

  it("believes no receipt key beside the pinned one", async () => {
    const { server, stateFolder, peer } = world();
    const forged = sampleReceipt(sealedAs(Buffer.from("y"))).keys;
    peer.identity.keys = [...peer.identity.keys, ...forged];
    await run("--server", server, "--code", code, "--pin", receiptKey);
    const believed = (await loadIdentity(stateFolder))?.keys.filter(({ purpose }) => purpose === "receipt");
    expect(believed?.map(({ kid }) => kid)).toEqual([receiptKey]);
  });

  it("waits for approval, asks again without the code, and buys no token before", async () => {
    const { server, peer, makeFile, start } = world();
    peer.identity.needsApproval = true;
    expect((await run("--server", server, "--code", code)).said).toMatchObject({ state: "pending" });
    const file = await makeFile("rear.bin", 1000);
    const pushed = await start(["push", file, "--settle", "0"], { token: "", server: "" }).ended;
    expect(pushed.code).toBe(exitCodes.authentication);
    expect(pushed.events.at(-1)).toMatchObject({ problem: expect.stringMatching(/administrator has to approve/) });
    const device = peer.identity.devices.get("D-1");
    if (device !== undefined) device.state = "active";
    expect((await run("--wait")).said).toMatchObject({ device: "D-1", state: "active" });
    expect((await start(["push", file, "--settle", "0"], { token: "", server: "" }).ended).code).toBe(exitCodes.ok);
  });

  it("believes a new receipt key when a person has compared it, and deletes nothing before", async () => {
    const { server, peer, bundle, stateFolder, makeFile, start } = world();
    await run("--server", server, "--code", code);
    const trust = async (...args: string[]) => {
      const child = new SpawnedUploader(bundle, ["trust", ...args], { STRONGROOM_STATE_DIR: stateFolder });
      const { code: exitCode, events, stderr } = await child.ended;
      return { exitCode, said: events[0] as unknown, stderr };
    };
    expect((await trust()).exitCode).toBe(exitCodes.ok);
    let kid = "";
    let stranger = peer.identity.keys[0];
    // One that looks like a flag.
    while (!kid.startsWith("-")) {
      [stranger] = sampleReceipt(sealedAs(Buffer.from("y"))).keys;
      kid = stranger?.kid ?? "-";
    }
    peer.identity.keys = peer.identity.keys.map((key) => ({ ...key, retiredAt: new Date() }));
    if (stranger !== undefined) peer.identity.keys.push(stranger);
    expect(await trust()).toMatchObject({
      exitCode: exitCodes.failed,
      said: { receiptKeys: [{ kid, isTrusted: false }] },
    });
    expect((await trust("--pin", "A".repeat(43))).stderr).toMatch(/none of them is A+/);
    expect((await trust("--pin", kid)).said).toMatchObject({ receiptKeys: [{ kid, isTrusted: true }] });
    expect((await trust()).exitCode).toBe(exitCodes.ok);
    expect((await loadIdentity(stateFolder))?.keys.map((key) => key.kid)).toEqual(
      expect.arrayContaining([receiptKey, kid]),
    );
    // The peer signs each receipt with a key of its own.
    const file = await makeFile("rear.bin", 1000);
    const flags = ["push", file, "--settle", "0", "--delete-after-seal", "--give-up-after", "0.5"];
    const { events } = await start(flags, { token: "", server: "" }).ended;
    expect(events.at(-1)).toMatchObject({ problem: expect.stringContaining("trust --pin ") });
    await stat(file);
  });

  it("explains what is wrong and what to do", async () => {
    const { server, stateFolder } = world();
    const cases: [string[], number, RegExp][] = [
      [[], exitCodes.usage, /Nothing was begun here: give --server URL and --code CODE/],
      [["--server", server, "--code", "AEIOU"], exitCodes.usage, /8 letters such as BCDF-GHJK/],
      [["--server", server, "--code", "ZZZZ-ZZZZ"], exitCodes.authentication, /mistyped, used up, out of date/],
      [["--server", server, "--code", code, "--pin", "x"], exitCodes.usage, /--pin must be the thumbprint/],
      [["strongroom:enrol?server=x"], exitCodes.usage, /no enrolment link/],
      [["--server", "http://127.0.0.1:9", "--code", code], exitCodes.gaveUp, /nothing listens there/],
    ];
    for (const [args, exitCode, stderr] of cases)
      expect(await run(...args)).toMatchObject({ exitCode, stderr: expect.stringMatching(stderr) });
    await mkdir(identityPaths(stateFolder).folder, { recursive: true });
    await writeFile(identityPaths(stateFolder).identity, "{");
    expect(await run("--server", server, "--code", code)).toMatchObject({
      exitCode: exitCodes.authentication,
      stderr: expect.stringMatching(/cannot be read.*--force-new/),
    });
  });

  const strace = spawnSync("strace", ["-V"]).status === 0;
  it.skipIf(!strace)(
    "is one device whatever system call the power goes out at (needs strace)",
    async () => {
      const { bundle, server, peer, folder } = world();
      const transport = new Transport(defaultTransportSettings, unthrottled);
      let kills = 0;
      for (const call of ["mkdir", "fsync", "rename", "connect", "writev", "unlink"])
        for (let count = 1; ; count++) {
          const stateFolder = join(folder, `${call}-${count}`);
          const typed = "BCDFGHJK" as EnrolmentCode;
          peer.identity.codes.clear();
          peer.identity.codes.add(typed);
          peer.identity.devices.clear();
          const inject = [
            "-f",
            "-qq",
            "-o",
            "/dev/null",
            "-e",
            `trace=${call}`,
            "-e",
            `inject=${call}:signal=KILL:when=${count}`,
          ];
          const args = [bundle, "enrol", "--server", server, "--code", typed, "--state-dir", stateFolder];
          if (!(await isKilled("strace", [...inject, process.execPath, ...args]))) break;
          kills += 1;
          const wish = { server, code: typed, pin: null, name: null };
          const known = await loadIdentity(stateFolder).catch(() => null);
          const { identity } = await enrol(wish, stateFolder, transport, never);
          if (known !== null) expect(identity.kid).toBe(known.kid);
          expect([...peer.identity.devices.keys()]).toEqual(["D-1"]);
          expect(peer.identity.devices.get("D-1")?.keys.map(({ kid }) => kid)).toEqual([identity.kid]);
          expect(await readFile(identityPaths(stateFolder).key, "utf8")).toMatch(/^-----BEGIN PRIVATE KEY-----/);
        }
      transport.close();
      expect(kills).toBeGreaterThanOrEqual(12);
    },
    60_000,
  );
});

/** Runs a command to its end. One thread does the disk's work, because strace counts for each thread. */
async function isKilled(command: string, args: readonly string[]): Promise<boolean> {
  const env = { NODE_ENV: "production" as const, PATH: process.env.PATH ?? "", UV_THREADPOOL_SIZE: "1" };
  const child = spawn(command, args, { stdio: "ignore", env });
  const [code, signal] = await once(child, "exit");
  if (code !== 0 && signal !== "SIGKILL" && code !== 137) throw new Error(`It ended with ${code} and ${signal}.`);
  return code !== 0;
}
