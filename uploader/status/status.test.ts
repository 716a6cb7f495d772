import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { status } from "../commands/status.ts";
import { serveControl } from "../control/control-socket.ts";
import { emptySnapshot, writeSnapshot } from "../daemon-snapshot.ts";
import { exitCodes } from "../exit-codes.ts";
import { Interrupted } from "../problems.ts";
import type { Output } from "../report/reporters.ts";
import { StateStore } from "../state/state-store.ts";
import { judgeStatus } from "./judge-status.ts";
import { readStatus, type StatusReport } from "./read-status.ts";
import { statusLines, statusSummary } from "./status-lines.ts";

const none = { maxAgeSeconds: null, maxQueue: null, maxSilenceSeconds: null, mustRun: false };

/** What a daemon in the middle of its work says. */
function busySnapshot() {
  const snapshot = emptySnapshot("https://a.example", ["/w"]);
  snapshot.upForMs = 11_100_000;
  snapshot.queue.bulk.described = { files: 9, bytes: 3_000_000_000 };
  snapshot.queue.event.sending = { files: 2, bytes: 400_000_000 };
  snapshot.queue.wanted.found = { files: 1, bytes: 0 };
  snapshot.oldest = { file: "/w/a.mp4", modifiedAt: "2026-11-20T10:00:00.000Z", ageMs: 7_500_000 };
  snapshot.sending = [
    {
      file: "/w/rear.mp4",
      class: "event",
      sizeBytes: 1_200_000_000,
      acknowledgedBytes: 540_000_000,
      bytesPerSecond: 250_000,
      secondsLeft: 2640,
    },
  ];
  snapshot.waiting = { reason: "server", detail: "The archive said 503.", untilMs: 42_000 };
  snapshot.disk = { totalBytes: 64e9, freeBytes: 40e9, unreceiptedBytes: 3.4e9 };
  snapshot.lastReceipt = { recording: "R-7K2M4-0418Q", file: "/w/front.mp4", at: "2026-11-20T11:58:00.000Z" };
  return snapshot;
}

function reportOf(change: Partial<StatusReport> = {}): StatusReport {
  return {
    version: "1.2.3",
    stateFolder: "/s",
    at: "2026-11-20T12:00:00.000Z",
    daemon: { pid: 7, ...busySnapshot() },
    identity: { device: "D-1", name: "Van 04", kid: "k", server: "https://a.example", state: "active", problem: null },
    contact: {
      uploaderVersion: "1.2.3",
      process: "p",
      startedAt: "2026-11-20T09:00:00.000Z",
      lastContactAt: "2026-11-20T11:59:48.000Z",
      failures: 0,
      problem: null,
      clock: { source: "chrony", offsetMs: -1200, uncertaintyMs: 20 },
      configVersion: 7,
      configProblem: null,
      isConfigOnTrial: false,
    },
    config: { version: 7, isOnTrial: false, problem: null },
    counts: { described: 9, sending: 2, delivered: 0, sealed: 40, quarantined: 0, refused: 0, gone: 0 },
    forgotten: 0,
    queue: { files: 12, bytes: 3_400_000_000, oldestAgeMs: 7_500_000 },
    disk: busySnapshot().disk,
    lastReceipt: { recording: "R-7K2M4-0418Q", at: "2026-11-20T11:58:00.000Z" },
    files: [],
    ...change,
  };
}

describe("statusLines", () => {
  it("tells what is kept here and what would go next", () => {
    const facts = { recording: "R-7K2M4-0418Q", sizeBytes: 1 };
    const next = [
      { ...facts, file: "/w/old.mp4", class: "bulk" as const },
      { ...facts, file: "/w/crash.mp4", class: "event" as const },
    ];
    const deletion = { bytesHere: 30e9, quotaBytes: 32e9, keepFreeBytes: 4e9, next };
    const told = (over: object) =>
      statusLines(
        reportOf({ forgotten: 7, daemon: { pid: 7, ...busySnapshot(), deletion: { ...deletion, ...over } } }),
        [],
      );
    expect(told({})).toContain(
      "deletion   30.0 GB of recordings here of at most 32.0 GB, 4.0 GB to be kept free; next to go: old.mp4, crash.mp4 (event)",
    );
    expect(told({ next: [], quotaBytes: null, keepFreeBytes: null })).toContain(
      "deletion   30.0 GB of recordings here; nothing may go",
    );
    expect(told({}).some((line) => line.startsWith("40 sealed and 7 before them"))).toBe(true);
  });

  it("names what is recorded here", () => {
    const none = { lastFrameAgeMs: null, bytes: 0, restarts: 0 };
    const recorders = [
      {
        ...none,
        name: "rear",
        problem: null,
        state: "recording" as const,
        lastGapAt: null,
        recordings: 12,
        incomplete: 0,
        gaps: 0,
      },
      {
        ...none,
        name: "cabin",
        state: "waiting" as const,
        problem: null,
        lastGapAt: "2026-11-20T11:00:00.000Z",
        recordings: 3,
        incomplete: 1,
        gaps: 2,
      },
    ];
    const lines = statusLines(reportOf({ daemon: { pid: 7, ...busySnapshot(), recorders } }), []);
    expect(lines.filter((one) => one.startsWith("recorder"))).toEqual([
      "recorder   rear: recording, 12 recordings",
      "recorder   cabin: waiting, 3 recordings, 1 of them may lack their end, 2 gaps, the last until 2026-11-20T11:00:00.000Z",
    ]);
  });

  it("says everything that a person in front of the device asks", () => {
    expect(statusLines(reportOf(), [])).toEqual([
      "uploader   1.2.3, state in /s",
      "device     Van 04 (D-1) at https://a.example, key k",
      "daemon     daemon runs as process 7, up 3 h 05 min, watching /w",
      "contact    12 s ago",
      "queue      12 recordings, 3.4 GB (1 wanted, 2 events, 9 others), the oldest for 2 h 05 min",
      "sending    rear.mp4 (event): 45 %, 540 MB of 1.2 GB, 250 kB/s, 44 min 00 s left",
      "waiting    the archive: The archive said 503. Again in 42 s.",
      "receipt    R-7K2M4-0418Q, 2 min 00 s ago",
      "clock      chrony; 1.2 s behind the archive's",
      "disk       40.0 GB of 64.0 GB free; 3.4 GB without a receipt",
      "settings   version 7 of the archive's",
      "40 sealed",
    ]);
    expect(statusSummary(reportOf(), ["the disk is full"])).toBe(
      "12 recordings, 3.4 GB (1 wanted, 2 events, 9 others), the oldest for 2 h 05 min; sending rear.mp4 45 % at 250 kB/s; ALARM the disk is full",
    );
  });

  it("does not call a clock wrong that may be right", () => {
    const contact = reportOf().contact;
    const near =
      contact === null ? null : { ...contact, clock: { source: "chrony", offsetMs: -4878, uncertaintyMs: 4894 } };
    expect(statusLines(reportOf({ contact: near }), [])).toContain("clock      chrony; within 4.9 s of the archive's");
  });

  it("works with nothing known", () => {
    const lines = statusLines(
      reportOf({ daemon: null, contact: null, identity: null, disk: null, lastReceipt: null }),
      ["x"],
    );
    expect(lines).toContain("daemon     no daemon runs");
    expect(lines).toContain("receipt    none yet");
    expect(lines).toContain("ALARM      x");
  });
});

describe("judgeStatus", () => {
  it("finds nothing wrong with a busy device", () => {
    expect(judgeStatus(reportOf(), none)).toEqual([]);
  });

  it.each([
    [{}, { maxAgeSeconds: 7200 }, "the oldest recording has waited 2 h 05 min, longer than 2 h 00 min"],
    [{}, { maxQueue: 11 }, "12 recordings wait, more than 11"],
    [{}, { maxSilenceSeconds: 10 }, "the archive has not answered for 12 s"],
    [{ daemon: null }, { mustRun: true }, "no daemon runs"],
    [{ counts: { ...reportOf().counts, refused: 2 } }, {}, "2 recordings were refused by the archive"],
    [
      { config: { version: 7, isOnTrial: false, problem: "version 8: no" } },
      {},
      "the archive's configuration does not hold: version 8: no",
    ],
    [{ identity: { problem: "The identity is damaged." } }, {}, "The identity is damaged"],
    [
      { daemon: { pid: 7, ...busySnapshot(), waiting: { reason: "revoked", detail: "Revoked.", untilMs: null } } },
      {},
      "Revoked",
    ],
    [
      { daemon: { pid: 7, ...busySnapshot(), alarms: ["The state folder takes no more."] } },
      {},
      "The state folder takes no more",
    ],
  ])("finds what is wrong (%#)", (change, limits, problem) => {
    expect(judgeStatus(reportOf(change), { ...none, ...limits })).toEqual([problem]);
  });

  it("counts no age where nothing waits, and no silence where no daemon runs", () => {
    const idle = reportOf({ daemon: null, queue: { files: 0, bytes: 0, oldestAgeMs: null } });
    expect(judgeStatus(idle, { ...none, maxAgeSeconds: 0, maxQueue: 0, maxSilenceSeconds: 1 })).toEqual([]);
  });
});

describe("status", () => {
  let folder = "";
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "status-"));
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  const settings = { isJson: true, showsAll: false, watchMs: null, check: null };
  const never = new AbortController().signal;
  function collect(isTerminal = false) {
    const said: string[] = [];
    const output: Output = {
      write: (text) => said.push(text),
      isTerminal,
      hasColour: false,
      columns: () => 60,
      rows: () => 8,
    };
    return { said, output };
  }

  it("reads a folder in which nothing ever was, and changes nothing in it", async () => {
    const { said, output } = collect();
    expect(await status({ ...settings, stateFolder: join(folder, "none") }, output, never)).toBe(exitCodes.ok);
    expect(JSON.parse(said.join(""))).toMatchObject({
      daemon: null,
      queue: { files: 0 },
      lastReceipt: null,
      problems: [],
    });
  });

  it("asks the daemon's socket for what is now, and takes its file where there is none", async () => {
    const store = await StateStore.open(folder);
    const unlock = await store.lockDaemon();
    await writeSnapshot(folder, { ...busySnapshot(), alarms: ["from the file"] });
    expect((await readStatus(folder, false)).daemon).toMatchObject({ pid: process.pid, alarms: ["from the file"] });
    const stop = await serveControl(folder, {
      status: async () => ({ snapshot: { ...busySnapshot(), alarms: ["now"] } }),
    });
    const report = await readStatus(folder, false);
    expect(report.daemon?.alarms).toEqual(["now"]);
    expect(report.queue).toEqual({ files: 12, bytes: 3_400_000_000, oldestAgeMs: 7_500_000 });
    await stop?.();
    await unlock?.();
    await store.close();
    expect((await readStatus(folder, false)).daemon).toBeNull();
  });

  it("watches in place on a terminal, and says each change once elsewhere", async () => {
    const stop = new AbortController();
    const terminal = collect(true);
    const write = terminal.output.write;
    terminal.output.write = (text) => {
      write(text);
      if (terminal.said.length === 2) stop.abort(new Interrupted());
    };
    const watching = { ...settings, isJson: false, watchMs: 1, stateFolder: folder };
    expect(await status(watching, terminal.output, stop.signal)).toBe(exitCodes.ok);
    const [first = "", second = ""] = terminal.said;
    const drawn = first.split("\n").length - 1;
    expect(drawn).toBeLessThanOrEqual(7);
    expect(second.startsWith(`\u001b[${drawn}A\r\u001b[2K`)).toBe(true);
    const plain = collect();
    await status(watching, plain.output, AbortSignal.timeout(100)).catch(() => undefined);
    expect(plain.said).toHaveLength(1);
    expect(plain.said[0]).toMatch(/^\d{4}-.*Z empty; no daemon runs\n$/);
  });

  it("ends with 3 when the check finds something", async () => {
    const check = { ...none, mustRun: true };
    expect(await status({ ...settings, check, stateFolder: folder }, collect().output, never)).toBe(exitCodes.failed);
    expect(await status({ ...settings, check: none, stateFolder: folder }, collect().output, never)).toBe(exitCodes.ok);
  });
});
