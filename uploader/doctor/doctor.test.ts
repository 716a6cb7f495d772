import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { doctor } from "../commands/doctor.ts";
import { plainTransport } from "../config.ts";
import { exitCodes } from "../exit-codes.ts";
import { Archive } from "../http/archive.ts";
import { Transport, unthrottled } from "../http/transport.ts";
import { ArchiveClock } from "../identity/archive-clock.ts";
import { useUploaderWorld } from "../testing/uploader-world.ts";
import { type Check, type Finding, fail, lookAtAll, pass, skip } from "./check.ts";
import { archiveChecks } from "./check-archive.ts";
import { deviceChecks } from "./check-device.ts";
import { judgeCertificate, linkChecks } from "./check-link.ts";

const now = Date.parse("2026-11-20T12:00:00Z");

async function statesOf(checks: readonly Check[]): Promise<Record<string, Finding["state"]>> {
  const found = await lookAtAll(checks, () => undefined);
  return Object.fromEntries([...found].map(([name, { state }]) => [name, state]));
}

describe("doctor", () => {
  it("passes over what needs something that failed, and takes what throws for a failure", async () => {
    const checks: Check[] = [
      { name: "a", look: async () => pass("") },
      { name: "b", needs: ["a"], look: () => Promise.reject(new Error("broken")) },
      { name: "c", needs: ["b"], look: async () => pass("") },
      { name: "d", needs: ["c"], look: async () => pass("") },
      { name: "e", look: async () => skip("not here") },
      { name: "f", needs: ["e"], look: async () => pass("") },
    ];
    expect(await statesOf(checks)).toEqual({ a: "pass", b: "fail", c: "skip", d: "skip", e: "skip", f: "pass" });
  });

  it("says each in order with what to do, and ends with 3 when one failed", async () => {
    const said: string[] = [];
    const output = {
      write: (text: string) => said.push(text),
      isTerminal: false,
      hasColour: false,
      columns: () => 80,
      rows: () => 24,
    };
    const checks: Check[] = [{ name: "token", look: async () => fail("refused.", "Enrol.") }];
    expect(await doctor(checks, false, output)).toBe(exitCodes.failed);
    expect(said.join("")).toBe(
      "FAIL  token: refused.\n      Enrol.\nSomething is wrong; mend the first that failed.\n",
    );
    said.length = 0;
    expect(await doctor([{ name: "x", look: async () => pass("y") }], true, output)).toBe(exitCodes.ok);
    expect(JSON.parse(said.join(""))).toEqual({
      isHealthy: true,
      checks: [{ name: "x", state: "pass", detail: "y", todo: null }],
    });
  });
});

describe("the device's checks", () => {
  let folder = "";
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "doctor-"));
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  it("finds nothing wrong here, and leaves nothing behind", async () => {
    await mkdir(join(folder, "recorder"));
    const subject = {
      stateFolder: join(folder, "state"),
      folders: [join(folder, "recorder")],
      mayDelete: true,
      records: false,
      wallMs: () => now,
    };
    const states = await statesOf(deviceChecks(subject));
    expect(states).toMatchObject({ "state folder": "pass", "watched folders": "pass", clock: "pass" });
  });

  it("finds a state folder that takes nothing, folders that are not there, and a clock of 1970", async () => {
    await writeFile(join(folder, "file"), "");
    const subject = {
      stateFolder: join(folder, "file", "state"),
      folders: [join(folder, "none")],
      mayDelete: false,
      records: false,
      wallMs: () => 0,
    };
    const checks = deviceChecks(subject).filter(({ name }) => name !== "disk");
    expect(await statesOf(checks)).toMatchObject({ "state folder": "fail", "watched folders": "fail", clock: "warn" });
  });
});

describe("the link's checks", () => {
  const certificate = {
    valid_from: "Nov  1 00:00:00 2026 GMT",
    valid_to: "Jan 30 00:00:00 2027 GMT",
    issuer: { O: "An authority" },
  };
  const judge = (problem: string | null, at = now) => judgeCertificate(certificate as never, problem, "TLSv1.3", at); // what is read of it

  it("reads a certificate: good, soon over, over, too early, of nobody known", () => {
    expect(judge(null)).toEqual(pass("TLSv1.3, certificate by An authority until 2027-01-30"));
    expect(judge(null, Date.parse("2027-01-20T00:00:00Z")).state).toBe("warn");
    expect(judge("CERT_HAS_EXPIRED")).toMatchObject({ state: "fail", todo: expect.stringContaining("has ended") });
    expect(judge("CERT_NOT_YET_VALID", 0)).toMatchObject({
      state: "fail",
      todo: expect.stringContaining("clock is behind"),
    });
    expect(judge("SELF_SIGNED_CERT_IN_CHAIN")).toMatchObject({
      state: "fail",
      todo: expect.stringContaining("NODE_EXTRA_CA_CERTS"),
    });
  });

  it("tells a port on which nobody listens from a name that has no address", async () => {
    const closed = linkChecks("http://127.0.0.1:1", false, () => now);
    expect(await statesOf(closed)).toEqual({ name: "skip", connection: "fail", encryption: "skip" });
    const nameless = linkChecks("https://nowhere.invalid", false, () => now);
    expect(await statesOf(nameless)).toEqual({ name: "fail", connection: "skip", encryption: "skip" });
  });

  it("says that http beyond this machine is open, and leaves a proxy's way alone", async () => {
    const [, , encryption] = linkChecks("http://archive.example", true, () => now);
    expect((await encryption?.look())?.state).toBe("warn");
    expect(await statesOf(linkChecks("https://archive.example", true, () => now))).toEqual({
      name: "skip",
      connection: "skip",
      encryption: "skip",
    });
  });
});

describe("the archive's checks", () => {
  const world = useUploaderWorld();

  async function look(server: string, token: string): Promise<Map<string, Finding>> {
    const transport = new Transport(plainTransport({}), unthrottled);
    const clock = new ArchiveClock();
    const archive = new Archive(server, transport, { kind: "token", readToken: async () => token }, clock);
    const { stateFolder } = world();
    const checks = [
      ...linkChecks(server, false, Date.now),
      ...archiveChecks({ archive, transport, identity: null, clock, stateFolder }),
    ];
    const found = await lookAtAll(checks, () => undefined);
    transport.close();
    return found;
  }
  const states = (found: Map<string, Finding>) =>
    Object.fromEntries([...found].map(([name, { state }]) => [name, state]));

  it("pass with an archive that works, which keeps nothing of it", async () => {
    const { server, peer } = world();
    const found = await look(server, peer.token);
    expect(states(found)).toMatchObject({
      name: "skip",
      connection: "pass",
      encryption: "skip",
      archive: "pass",
      token: "pass",
      upload: "pass",
      heartbeats: "skip",
      "last receipt": "skip",
    });
    expect(await peer.uploads()).toEqual([]);
  });

  it("find a token that is refused, and go no further", async () => {
    const found = await look(world().server, "srd_wrong");
    expect(states(found)).toMatchObject({ archive: "pass", token: "fail", upload: "skip", heartbeats: "skip" });
  });

  it("find a receipt that is not the archive's", async () => {
    const { server, peer, stateFolder } = world();
    await mkdir(join(stateFolder, "receipts"), { recursive: true });
    await writeFile(join(stateFolder, "receipts", "R-1.receipt.jws"), "eyJ.a.b");
    const found = await look(server, peer.token);
    // This peer publishes no key until it has sealed something.
    expect(found.get("archive's keys")?.state).toBe("fail");
    expect(found.get("last receipt")).toMatchObject({ state: "skip", detail: "needs archive's keys" });
  });

  it("tell a network that wants somebody to sign in from an archive", async () => {
    const portal = createServer((_request, response) => {
      response.writeHead(200, { "Content-Type": "text/html" }).end("<h1>Welcome to the depot's network</h1>");
    }).listen(0, "127.0.0.1");
    await new Promise((resolve) => portal.once("listening", resolve));
    const { port } = portal.address() as AddressInfo; // it listens on a port
    const found = await look(`http://127.0.0.1:${port}`, "srd_x");
    expect(found.get("archive")).toMatchObject({ state: "fail", detail: expect.stringContaining("captive portal") });
    portal.closeAllConnections();
    portal.close();
  });

  it("say it on the command line too", async () => {
    const uploader = world().start(["doctor"]);
    const { code } = await uploader.ended;
    const [report] = uploader.events as unknown as { checks: { name: string; state: string }[] }[]; // doctor's one line
    expect(report?.checks.find(({ name }) => name === "upload")?.state).toBe("pass");
    // No receipt key yet, which is a failure.
    expect(code).toBe(exitCodes.failed);
  });
});
