import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:https";
import { tmpdir } from "node:os";
import { join } from "node:path";
import tls from "node:tls";
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from "vitest";
import { chronySource } from "../identity/clock-source.ts";
import { ClockFloor } from "./clock-floor.ts";
import { defaultTransportSettings, Transport, unthrottled } from "./transport.ts";

const hasOpenssl = spawnSync("openssl", ["version"]).status === 0;
const never = new AbortController().signal;

/** An authority in a folder of its own, whose certificates begin and end when the test says. */
class Authority {
  readonly folder = mkdtempSync(join(tmpdir(), "authority-"));
  readonly #name: string;

  constructor(name: string) {
    this.#name = name;
    const lines = ["[ca]", "default_ca=d", "[d]", `database=${this.folder}/index`, `new_certs_dir=${this.folder}`];
    lines.push("default_md=sha256", "policy=p", "rand_serial=yes", "unique_subject=no", "[p]", "commonName=supplied");
    lines.push("[root]", "basicConstraints=critical,CA:TRUE", "[leaf]", "subjectAltName=IP:127.0.0.1");
    lines.push("[client]", "subjectAltName=IP:127.0.0.1", "extendedKeyUsage=clientAuth");
    lines.push("[elsewhere]", "subjectAltName=DNS:other.example");
    writeFileSync(join(this.folder, "conf"), lines.join("\n"));
    writeFileSync(join(this.folder, "index"), "");
    this.make(name, "root", "20200101000000Z", "21200101000000Z");
  }

  make(name: string, section: string, from: string, until: string): { key: string; cert: string } {
    const path = (ending: string) => join(this.folder, `${name}.${ending}`);
    const openssl = (...args: string[]) => execFileSync("openssl", args, { stdio: "ignore" });
    openssl(
      ..."req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -batch".split(" "),
      ...["-keyout", path("key"), "-out", path("csr"), "-subj", `/CN=${name}`],
    );
    const signer = section === "root" ? ["-selfsign"] : ["-cert", join(this.folder, `${this.#name}.pem`)];
    const signingKey = join(this.folder, `${this.#name}.key`);
    openssl(
      ...["ca", "-batch", "-notext", "-config", join(this.folder, "conf"), ...signer, "-keyfile", signingKey],
      ...["-extensions", section, "-startdate", from, "-enddate", until, "-in", path("csr"), "-out", path("pem")],
    );
    return { key: readFileSync(path("key"), "utf8"), cert: readFileSync(path("pem"), "utf8") };
  }

  get pem(): string {
    return readFileSync(join(this.folder, `${this.#name}.pem`), "utf8");
  }
}

describe.skipIf(!hasOpenssl)("TLS on a device whose clock is wrong (needs openssl)", () => {
  const folder = mkdtempSync(join(tmpdir(), "clock-floor-"));
  const servers: Server[] = [];
  const defaults = tls.getCACertificates("default");
  let ours: Authority;
  let others: Authority;
  beforeAll(() => {
    ours = new Authority("ours");
    others = new Authority("others");
    tls.setDefaultCACertificates([...defaults, ours.pem]);
  });
  afterEach(() => {
    vi.useRealTimers();
    for (const server of servers.splice(0)) server.close().closeAllConnections();
  });
  afterAll(() => {
    tls.setDefaultCACertificates(defaults);
    for (const path of [folder, ours.folder, others.folder]) rmSync(path, { recursive: true, force: true });
  });

  /** Asks a server with this certificate on a device that believes it is this day. */
  const ask = async (day: string, [from, until]: [string, string], section = "leaf", authority = ours) => {
    let requests = 0;
    const server = createServer(authority.make("leaf", section, `${from}000000Z`, `${until}000000Z`), (_, response) => {
      requests += 1;
      response.end("ok");
    });
    servers.push(server);
    await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
    const address = server.address();
    const url = `https://127.0.0.1:${typeof address === "object" ? address?.port : 0}/`;
    vi.useFakeTimers({ toFake: ["Date"], now: Date.parse(day) });
    const clockFloor = await ClockFloor.open(folder);
    const transport = new Transport({ ...defaultTransportSettings, clockFloor }, unthrottled);
    const said = await transport.send({ method: "GET", url, headers: { Authorization: "secret" } }, never).then(
      ({ body }) => body,
      (error: Error) => error.message,
    );
    transport.close();
    return { said, requests };
  };
  const later: [string, string] = ["20400101", "20410101"];
  const over: [string, string] = ["20260101", "20261110"];

  it("takes a certificate that may be valid, in 1970 and in 2038", async () => {
    expect(await ask("1970-01-01", later)).toEqual({ said: "ok", requests: 1 });
    expect(await ask("2038-01-20", over)).toEqual({ said: "ok", requests: 1 });
  });

  it("refuses, before anything is said, what was over before the floor, is of another authority, name or use", async () => {
    const refused = { said: expect.stringMatching(/certificate/), requests: 0 };
    expect(await ask("1970-01-01", ["20250101", "20261031"])).toEqual(refused);
    expect(await ask("1970-01-01", later, "leaf", others)).toEqual(refused);
    expect(await ask("1970-01-01", later, "elsewhere")).toEqual(refused);
    expect(await ask("1970-01-01", later, "client")).toEqual(refused);
  });

  it("believes a clock that may be right", async () => {
    expect(await ask("2026-11-20", later)).toEqual({
      said: expect.stringMatching(/not valid yet.*Set its clock/),
      requests: 0,
    });
    expect(await ask("2026-11-20", over)).toEqual({ said: expect.stringMatching(/has expired/), requests: 0 });
  });
});

describe("ClockFloor", () => {
  it("moves only where this device and the archive agree, and is remembered", async () => {
    const folder = mkdtempSync(join(tmpdir(), "clock-floor-"));
    const floor = await ClockFloor.open(folder);
    const at = (day: string) => Date.parse(day);
    floor.note(at("2040-01-01"), at("2026-12-01"));
    expect(floor.isImpossible(at("2026-11-20"))).toBe(false);
    floor.note(at("2026-12-01"), at("2026-12-01"));
    expect(floor.isImpossible(at("2026-11-20"))).toBe(true);
    await expect.poll(async () => (await ClockFloor.open(folder)).ms).toBe(at("2026-12-01"));
    // Years after its release: impossible only until both say so.
    expect(floor.isImpossible(at("2035-01-01"))).toBe(true);
    floor.note(at("2035-01-01"), at("2035-01-01"));
    expect(floor.isImpossible(at("2035-01-02"))).toBe(false);
    rmSync(folder, { recursive: true });
  });
});

it("knows from chrony what sets the clock", () => {
  const tracking = (name: string, leap: string) => `50505330,${name},1,1795192.2,0,0,0,0,0,0,0,0,64.0,${leap}\n`;
  expect(chronySource(tracking("PPS0", "Normal"))).toBe("gnss");
  expect(chronySource(tracking("PHC0", "Normal"))).toBe("ptp");
  expect(chronySource(tracking("192.0.2.1", "Normal"))).toBe("ntp");
  expect(chronySource(tracking("", "Not synchronised"))).toBeNull();
  expect(chronySource("")).toBeNull();
});
