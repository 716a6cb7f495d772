import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import {
  defaultDeviceSettings,
  type Heartbeat,
  type HeartbeatAnswer,
  maxHeartbeatBytes,
  ProtocolError,
  readDeviceSettings,
  readHeartbeat,
} from "../../lib/protocol/index.ts";
import { type DaemonSnapshot, emptySnapshot } from "../daemon-snapshot.ts";
import { Interrupted, Problem } from "../problems.ts";
import { RemoteConfig } from "../settings/remote-config.ts";
import { buildHeartbeat, type HeartbeatParts } from "./build-heartbeat.ts";
import { type DeviceFacts, readDeviceFacts } from "./device-facts.ts";
import { FleetClient, type FleetOptions } from "./fleet-client.ts";
import { readFleetRecord } from "./fleet-record.ts";

const facts: DeviceFacts = {
  bootId: "boot-1",
  platform: "linux arm64 6.1",
  runtime: "node 22.0.0",
  clockSource: "chrony",
  temperatureC: 51.5,
};
const parts: HeartbeatParts = {
  uploaderVersion: "1.2.3",
  process: "process-1",
  facts,
  clock: { source: "ntp", offsetMs: -1200, uncertaintyMs: 30 },
  link: { interface: "wwan0", isMetered: true },
  configVersion: 4,
  configProblem: null,
  wantedResults: [],
};

function fullSnapshot(): DaemonSnapshot {
  const snapshot = emptySnapshot("https://a.example", ["/w"]);
  const name = `/w/${"ä".repeat(120)}.mp4`;
  snapshot.queue.bulk.found = { files: 900, bytes: 9_000_000 };
  snapshot.queue.event.sending = { files: 2, bytes: 500 };
  snapshot.oldest = { file: name, modifiedAt: "2026-11-20T10:00:00.000Z", ageMs: 7_200_000 };
  snapshot.sending = Array.from({ length: 12 }, () => ({
    file: name,
    class: "bulk" as const,
    sizeBytes: 1000,
    acknowledgedBytes: 10,
    bytesPerSecond: 5.5,
    secondsLeft: 2,
  }));
  snapshot.next = Array.from({ length: 200 }, () => ({
    file: name,
    class: "bulk" as const,
    sizeBytes: 1000,
    sha256: "ab".repeat(32),
    capturedFrom: null,
    waiting: null,
  }));
  snapshot.waiting = { reason: "metered", detail: "wwan0 is metered", untilMs: null };
  snapshot.disk = { totalBytes: 100, freeBytes: 40, unreceiptedBytes: 30 };
  snapshot.chain = { sequence: 7, sha256: "cd".repeat(32) };
  snapshot.lastError = { code: "disk", message: "full", at: "2026-11-20T10:00:00.000Z" };
  return snapshot;
}

describe("buildHeartbeat", () => {
  it("is a heartbeat that the archive reads, with the figures of the snapshot", () => {
    const heartbeat = buildHeartbeat(fullSnapshot(), parts);
    expect(readHeartbeat(JSON.parse(JSON.stringify(heartbeat)))).toEqual(heartbeat);
    expect(heartbeat).toMatchObject({
      instance: { bootId: "boot-1", process: "process-1" },
      clock: { source: "chrony", offsetMs: -1200 },
      queue: { files: 902, bytes: 9_000_500, events: 2, oldestAgeMs: 7_200_000 },
      waiting: { reason: "metered", detail: "wwan0 is metered" },
      disk: { freeBytes: 40 },
      link: { isMetered: true, interface: "wwan0" },
      temperatureC: 51.5,
      chain: { sequence: 7 },
    });
    expect(heartbeat.sending).toHaveLength(8);
    expect(heartbeat.next).toHaveLength(50);
  });

  it("always fits: it leaves out what comes next before it says nothing at all", () => {
    const snapshot = fullSnapshot();
    for (const next of snapshot.next) next.file = `/w/${"あ".repeat(800)}.mp4`;
    const heartbeat = buildHeartbeat(snapshot, parts);
    expect(Buffer.byteLength(JSON.stringify(heartbeat))).toBeLessThanOrEqual(maxHeartbeatBytes);
    expect(heartbeat.next?.length).toBeGreaterThan(5);
    expect(heartbeat.next?.length).toBeLessThan(50);
  });

  it("leaves out a reason that the protocol does not know", () => {
    const snapshot = fullSnapshot();
    snapshot.waiting = { reason: "tuesday", detail: "", untilMs: null };
    expect(buildHeartbeat(snapshot, parts).waiting).toBeNull();
  });
});

describe("device facts", () => {
  it("reads this machine", async () => {
    const read = await readDeviceFacts();
    expect(read.bootId.length).toBeGreaterThan(0);
    expect(read.runtime).toBe(`node ${process.versions.node}`);
  });
});

describe("FleetClient", () => {
  let folder = "";
  let remote: RemoteConfig;
  let sent: Heartbeat[];
  let answers: (Partial<HeartbeatAnswer> | Error)[];
  let config: { version: number; settings: unknown } | Error;
  let pulls: (number | null)[];
  let calls: string[];
  let client: FleetClient;
  const never = new AbortController().signal;

  function make(change: Partial<FleetOptions> = {}): FleetClient {
    return new FleetClient({
      archive: {
        heartbeat: async (body) => {
          sent.push(body);
          const answer = answers.shift() ?? {};
          if (answer instanceof Error) throw answer;
          return {
            serverTime: "2026-11-20T12:00:00Z",
            nextInSeconds: 50,
            configVersion: 0,
            wanted: [],
            rotateKey: false,
            chain: null,
            ...answer,
          };
        },
        getConfig: async (version) => {
          pulls.push(version);
          if (config instanceof Error) throw config;
          // The real one reads it too.
          return { version: config.version, settings: readDeviceSettings(config.settings) };
        },
      },
      stateFolder: folder,
      uploaderVersion: "1.2.3",
      snapshot: fullSnapshot,
      clock: {
        view: () => ({ source: "ntp", offsetMs: 5, uncertaintyMs: 1 }),
        learn: (time) => calls.push(`clock ${time}`),
      },
      link: () => ({ interface: null, isMetered: null }),
      remote,
      heartbeatSeconds: () => 40,
      handlers: {
        settingsChanged: () => {
          calls.push(`settings ${remote.version}`);
        },
        want: async (files) => files.map(({ id }) => ({ id, outcome: "queued" as const })),
        rotateKey: async () => {
          calls.push("rotate");
        },
        chainSeen: (head) => {
          calls.push(`chain ${head?.sequence ?? "none"}`);
        },
      },
      report: (event) => {
        calls.push(event.event === "notice" ? event.message : event.event);
      },
      readFacts: async () => facts,
      random: () => 0.5,
      ...change,
    });
  }

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "fleet-"));
    remote = await RemoteConfig.open(folder);
    sent = [];
    answers = [];
    pulls = [];
    calls = [];
    config = { version: 1, settings: defaultDeviceSettings };
    client = make();
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  const offline = () => new Problem("again", "a.example cannot be reached.");

  it("beats as often as the archive says, and remembers the contact", async () => {
    expect(await client.beat(never)).toBe(50_000);
    expect(calls).toEqual(["clock 2026-11-20T12:00:00Z", "chain none"]);
    expect(await readFleetRecord(folder)).toMatchObject({ failures: 0, problem: null, uploaderVersion: "1.2.3" });
    expect((await readFleetRecord(folder))?.lastContactAt).not.toBeNull();
    expect(await readFile(join(folder, "contact-version"), "utf8")).toBe("1.2.3\n");
  });

  it("follows the archive on a disk that takes no note of a configuration that proved itself", async () => {
    await remote.take(1, defaultDeviceSettings);
    await rm(folder, { recursive: true });
    answers = [{ configVersion: 1, chain: { sequence: 7, sha256: "a".repeat(64) } }];
    expect(await client.beat(never)).toBe(50_000);
    expect(calls).toContain("chain 7");
    expect(client.view()).toMatchObject({ failures: 0, problem: null, isConfigOnTrial: true });
  });

  it("waits longer and longer without an answer, and as long as the archive asks", async () => {
    answers = [
      offline(),
      offline(),
      offline(),
      offline(),
      offline(),
      new Problem("again", "503", { retryAfterMs: 900_000 }),
    ];
    const pauses: number[] = [];
    for (let beat = 0; beat < 6; beat++) pauses.push(await client.beat(never));
    expect(pauses).toEqual([40_000, 80_000, 160_000, 300_000, 300_000, 900_000]);
    expect(await readFleetRecord(folder)).toMatchObject({ failures: 6, problem: "503", lastContactAt: null });
    await client.beat(never);
    expect(await readFleetRecord(folder)).toMatchObject({ failures: 0, problem: null });
  });

  it("asks often while it waits to be approved, however long that takes", async () => {
    const pending = (retryAfterMs?: number) =>
      new Problem("authentication", "403", { reason: "pending", code: "device_pending", retryAfterMs });
    answers = [pending(), pending(), pending(), pending(), pending(12_000), pending(900_000)];
    const pauses: number[] = [];
    for (let beat = 0; beat < 6; beat++) pauses.push(await client.beat(never));
    expect(pauses).toEqual([15_000, 15_000, 15_000, 15_000, 12_000, 60_000]);
  });

  it("jitters, so that no two devices keep step", async () => {
    expect(await make({ random: () => 0 }).beat(never)).toBe(45_000);
    expect(await make({ random: () => 0.999 }).beat(never)).toBeCloseTo(55_000, -2);
  });

  it("passes on what the archive asks for, and tells next time what became of it", async () => {
    answers = [{ wanted: [{ id: "W-1", fileName: "rear.mp4" }], rotateKey: true, chain: { sequence: 3, sha256: "x" } }];
    await client.beat(never);
    await client.beat(never);
    await client.beat(never);
    expect(calls).toEqual(expect.arrayContaining(["rotate", "chain 3"]));
    expect(sent.map(({ wantedResults }) => wantedResults)).toEqual([[], [{ id: "W-1", outcome: "queued" }], []]);
  });

  it("one request that fails here keeps nothing else from being done", async () => {
    const failing = {
      settingsChanged: () => calls.push("settings"),
      want: async () => Promise.reject(new Error("queue")),
      rotateKey: async () => Promise.reject(new Error("key")),
      chainSeen: () => {
        throw new Error("chain");
      },
    };
    answers = [{ wanted: [{ id: "W-1" }], rotateKey: true, configVersion: 1 }];
    await make({ handlers: failing }).beat(never);
    expect(calls.filter((call) => / could not be /.test(call))).toHaveLength(3);
    expect(calls).toContain("settings");
    expect(remote.version).toBe(1);
  });

  it("pulls a new configuration once, applies it, and keeps it after the next answer", async () => {
    answers = [{ configVersion: 1 }, { configVersion: 1 }];
    await client.beat(never);
    expect(calls).toContain("settings 1");
    expect(remote.isOnTrial).toBe(true);
    await client.beat(never);
    expect(pulls).toEqual([null]);
    expect(sent[1]?.configVersion).toBe(1);
    expect((await RemoteConfig.open(folder)).isOnTrial).toBe(false);
  });

  it("takes a configuration back when contact is lost under it, and tells the archive why", async () => {
    answers = [{ configVersion: 1 }, offline(), offline(), offline()];
    for (let beat = 0; beat < 4; beat++) await client.beat(never);
    expect(calls.at(-2)).toBe("settings null");
    expect(calls.at(-1)).toMatch(/^The archive's configuration is taken back: version 1: contact was lost/);
    await client.beat(never);
    expect(sent.at(-1)?.configProblem).toMatch(/^version 1: contact was lost with it 3 times in a row/);
  });

  it("does not blame the configuration for an answer that refuses the device", async () => {
    const suspended = () => new Problem("authentication", "suspended", { reason: "suspended" });
    answers = [{ configVersion: 1 }, suspended(), suspended(), suspended(), suspended()];
    for (let beat = 0; beat < 5; beat++) await client.beat(never);
    expect(remote.version).toBe(1);
  });

  it("keeps what holds when the new one cannot be read, or not be applied", async () => {
    config = new ProtocolError("order must be one of oldest, newest.");
    answers = [{ configVersion: 1 }, { configVersion: 1 }];
    await client.beat(never);
    await client.beat(never);
    expect(pulls).toHaveLength(1);
    expect(sent[1]?.configProblem).toBe("version 1: order must be one of oldest, newest.");
    config = { version: 2, settings: defaultDeviceSettings };
    answers = [{ configVersion: 2 }];
    const fussy = make({
      handlers: {
        settingsChanged: () => {
          if (remote.version === 2) throw new Error("no such interface");
        },
        want: async () => [],
        rotateKey: async () => undefined,
        chainSeen: () => undefined,
      },
    });
    await fussy.beat(never);
    expect(remote).toMatchObject({
      version: null,
      problem: "version 2: no such interface; the built-in settings hold",
    });
  });

  it("asks again after a pull that the link cut", async () => {
    config = offline();
    answers = [{ configVersion: 1 }, { configVersion: 1 }];
    await client.beat(never);
    config = { version: 1, settings: defaultDeviceSettings };
    await client.beat(never);
    expect(remote.version).toBe(1);
  });

  it("ends when it is told to, also within a heartbeat", async () => {
    const stop = new AbortController();
    const stuck = make({
      archive: {
        heartbeat: (_body, signal) =>
          new Promise((_resolve, reject) => {
            signal.addEventListener("abort", () => reject(signal.reason), { once: true });
            stop.abort(new Interrupted());
          }),
        getConfig: async () => null,
      },
      pause: async () => undefined,
    });
    await stuck.run(stop.signal);
    expect(stop.signal.aborted).toBe(true);
  });
});
