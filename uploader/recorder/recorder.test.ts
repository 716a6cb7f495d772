import { type ChildProcess, execFileSync, spawn, spawnSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { chmod, cp, mkdir, mkdtemp, readdir, readFile, readlink, rm, writeFile } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import { createServer as createTcpServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { readContainerFacts } from "../container/index.ts";
import { gpxProblem } from "../sidecars/gpx.ts";
import { checkSidecar } from "../sidecars/index.ts";
import type { RecorderEvent } from "./events.ts";
import { ffmpegVersion } from "./ffmpeg.ts";
import { ffmpegArguments, ffmpegScript, sourceKind } from "./ffmpeg-arguments.ts";
import { readGaps } from "./gap-drop.ts";
import { GpsTrack } from "./gps-track.ts";
import { runRecorder } from "./recorder.ts";
import { type RunFolder, runsFolder } from "./run-folder.ts";
import { salvage } from "./salvage.ts";
import { type RecorderSettings, readDurationMs, readRecorderSettings, withoutSecrets } from "./settings.ts";
import { StreamClock } from "./stream-clock.ts";

const hasFfmpeg = spawnSync("ffmpeg", ["-version"]).status === 0;
const sample = join(import.meta.dirname, "../../samples/recordings/van-07-cabin.mp4");

let root = "";
let source = "";
let out = "";
let state = "";
let events: RecorderEvent[] = [];
let listeners: (() => void)[] = [];
let stop = new AbortController();
const running: Promise<void>[] = [];
const children: ChildProcess[] = [];

const settings = (changes: Record<string, unknown> = {}): RecorderSettings =>
  readRecorderSettings({ name: "cam", url: source, out, segmentMs: 3000, ...changes });

function start(changes: Record<string, unknown> = {}): Promise<void> {
  const run = runRecorder(settings(changes), state, stop.signal, (event) => {
    events.push(event);
    for (const listener of listeners) listener();
  });
  running.push(run.catch(() => undefined));
  return run;
}

/** The n-th event of a kind, past or future. */
function event<Kind extends RecorderEvent["event"]>(
  kind: Kind,
  nth = 1,
): Promise<Extract<RecorderEvent, { event: Kind }>> {
  return new Promise((resolve) => {
    const look = () => {
      const found = events.filter((one): one is Extract<RecorderEvent, { event: Kind }> => one.event === kind)[nth - 1];
      if (found === undefined) return;
      listeners = listeners.filter((listener) => listener !== look);
      resolve(found);
    };
    listeners.push(look);
    look();
  });
}

const recordings = async () => (await readdir(out)).filter((name) => /\.(mp4|mkv|ts)$/.test(name)).sort();
const leftRuns = () => readdir(runsFolder(settings())).catch(() => []);

async function factsOf(file: string) {
  const bytes = await readFile(file);
  return readContainerFacts({
    sizeBytes: bytes.length,
    read: async (position, lengthBytes) => bytes.subarray(position, position + lengthBytes),
  });
}

/** Frames that can be decoded, however the file ends. */
function framesIn(file: string): number {
  const args = [
    "-v",
    "quiet",
    "-count_packets",
    "-select_streams",
    "v",
    "-show_entries",
    "stream=nb_read_packets",
    "-of",
    "csv=p=0",
  ];
  return Number.parseInt(spawnSync("ffprobe", [...args, file], { encoding: "utf8" }).stdout, 10);
}

/** What `ps` shows of every process, where there is a /proc. */
function commandLines(): string {
  const numbers = existsSync("/proc/self") ? readdirSync("/proc").filter((name) => /^\d+$/.test(name)) : [];
  return numbers.map((pid) => readTextOrNone(`/proc/${pid}/cmdline`)).join("\n");
}

function readTextOrNone(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}

async function freePort(): Promise<number> {
  const server = createTcpServer();
  await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
  const address = server.address();
  await new Promise((closed) => server.close(closed));
  return typeof address === "object" && address !== null ? address.port : 0;
}

/** A camera that connects to us and sends. */
function camera(url: string, ...input: string[]): ChildProcess {
  const args = [
    "-nostdin",
    "-v",
    "quiet",
    "-re",
    ...input,
    "-i",
    source,
    "-c",
    "copy",
    "-f",
    "rtsp",
    "-rtsp_transport",
    "tcp",
    url,
  ];
  const child = spawn("ffmpeg", args, { stdio: "ignore" });
  children.push(child);
  return child;
}

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), "recorder-"));
  source = join(root, "source.mp4");
  const picture = ["-f", "lavfi", "-i", "testsrc=size=320x240:rate=25", "-f", "lavfi", "-i", "sine=frequency=440"];
  const coded = ["-c:v", "libx264", "-preset", "ultrafast", "-g", "25", "-c:a", "aac", "-b:a", "32k"];
  if (hasFfmpeg) execFileSync("ffmpeg", ["-v", "error", ...picture, "-t", "10", ...coded, source]);
});
afterAll(() => rm(root, { recursive: true, force: true }));
beforeEach(async () => {
  const folder = await mkdtemp(join(root, "test-"));
  out = join(folder, "out");
  state = join(folder, "state");
  await mkdir(out);
  events = [];
  listeners = [];
  stop = new AbortController();
});
afterEach(async () => {
  stop.abort();
  for (const child of children.splice(0)) child.kill("SIGKILL");
  await Promise.all(running.splice(0));
});

describe.skipIf(!hasFfmpeg)(`record${hasFfmpeg ? "" : " (skipped: there is no ffmpeg here)"}`, () => {
  it.each(["mp4", "mkv", "ts"])("cuts a file into whole recordings that follow on each other: %s", async (format) => {
    await start({ format, replay: "fast", source: "rear" });
    const recorded = events.filter((one) => one.event === "recorded");
    expect(recorded).toHaveLength(4);
    expect(events.at(-1)).toEqual({ event: "recorder_ended", recorder: "cam", recordings: 4 });
    let atMs = 0;
    for (const { file, startMs, endMs, capturedFrom, capturedUntil, incomplete } of recorded) {
      expect({ startMs, incomplete }).toEqual({ startMs: atMs, incomplete: null });
      expect(Date.parse(capturedUntil) - Date.parse(capturedFrom)).toBe((endMs ?? 0) - startMs);
      expect((await factsOf(file)).isComplete).toBe(format === "ts" ? null : true);
      const sidecar = await checkSidecar(file.replace(/\.\w+$/, ".json"));
      expect(sidecar).toMatchObject({ hints: { source: "rear", capturedFrom, capturedUntil, incomplete: null } });
      atMs = endMs ?? 0;
    }
    // Copied, the cuts lie on key frames, which come once a second here.
    expect(recorded.slice(0, 3).map(({ endMs }) => Math.round((endMs ?? 0) / 1000))).toEqual([3, 6, 9]);
    expect(await leftRuns()).toEqual([]);
  });

  it("with re-encoding it cuts where it is told, to the frame", async () => {
    await start({ reEncode: "h264-360p", segmentMs: 3500, replay: "fast", audio: false });
    const starts = events.flatMap((one) => (one.event === "recorded" ? [one.startMs] : []));
    expect(starts).toHaveLength(3);
    for (const [i, startMs] of starts.entries()) expect(Math.abs(startMs - i * 3500)).toBeLessThanOrEqual(40);
  });

  it("keeps the last window when it is stopped, and the next start makes other names", async () => {
    const run = start();
    await event("recording");
    // One fragment is on the disk as soon as a file has grown at all.
    await untilGrown();
    stop.abort();
    await run;
    stop = new AbortController();
    const [first] = await recordings();
    expect(await factsOf(join(out, first ?? ""))).toMatchObject({ isComplete: true });
    await start({ replay: "fast" });
    expect(new Set(await recordings()).size).toBe(5);
  });

  it("keeps the last window when ffmpeg is killed, flagged, and begins anew", async () => {
    start();
    await event("recording");
    await untilGrown();
    const [run = ""] = await leftRuns();
    for (const pid of await pidsIn(join(runsFolder(settings()), run))) process.kill(pid, "SIGKILL");
    const { file, incomplete, endMs } = await event("recorded");
    expect({ incomplete, endMs }).toEqual({ incomplete: "ffmpeg was ended by SIGKILL", endMs: null });
    expect(framesIn(file)).toBeGreaterThan(5);
    expect(await checkSidecar(file.replace(/\.\w+$/, ".json"))).toMatchObject({ hints: { incomplete } });
    expect((await event("recorder_restart")).problem).toMatch(/SIGKILL/);
    await event("recording", 2);
  });

  it("a live source is cut by the clock; when it goes away, the gap is written down", async () => {
    const url = `rtsp://127.0.0.1:${await freePort()}/live`;
    start({ url, listens: true });
    await event("recording");
    const first = await connectCamera(url);
    const { capturedUntil } = await event("recorded");
    // The first key frame at or after a cut; they come once a second, and take a moment.
    expect(Date.parse(capturedUntil) % 3000).toBeLessThan(1500);
    first.kill("SIGKILL");
    await event("recording", 2);
    await connectCamera(url);
    const gap = await event("gap");
    const before = events.filter((one) => one.event === "recorded").at(-1);
    expect(gap.from).toBe(before?.capturedUntil);
    expect(Date.parse(gap.until)).toBeGreaterThan(Date.parse(gap.from));
    const [noted] = await readGaps(state);
    expect(noted?.gap).toEqual({ source: "cam", from: gap.from, until: gap.until, reason: gap.reason });
  });

  it("a source that stands still is connected anew, and what came is kept", async () => {
    const bytes = execFileSync("ffmpeg", ["-v", "error", "-i", source, "-c", "copy", "-f", "mpegts", "-"], {
      maxBuffer: 50_000_000,
    });
    let asked = {};
    const server: Server = createServer((request, response) => {
      asked = { url: request.url, isInCommandLine: commandLines().includes("token=secret") };
      response.write(bytes.subarray(0, Math.floor(bytes.length * 0.8)));
    });
    await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
    const address = server.address();
    const port = typeof address === "object" ? address?.port : 0;
    start({ url: `http://user:secret@127.0.0.1:${port}/cam.ts?token=secret`, stallMs: 1000, format: "ts" });
    const { problem } = await event("recorder_restart");
    expect(problem).toBe("no frame came for 1 s");
    expect(await event("recorded")).toMatchObject({ incomplete: expect.any(String) });
    expect(JSON.stringify(events)).not.toContain("secret");
    expect(asked).toEqual({ url: "/cam.ts?token=secret", isInCommandLine: false });
    stop.abort();
    server.closeAllConnections();
    server.close();
  });

  it("goes over to Matroska when MP4 does not hold what the source sends", async () => {
    const odd = join(root, "odd.mkv");
    const picture = ["-f", "lavfi", "-i", "testsrc=size=320x240:rate=25", "-f", "lavfi", "-i", "sine"];
    execFileSync("ffmpeg", ["-v", "error", ...picture, "-t", "3", "-c:v", "mpeg4", "-c:a", "pcm_mulaw", "-y", odd]);
    await start({ url: odd, replay: "fast" });
    expect((await recordings())[0]).toMatch(/\.mkv$/);
    expect((await event("recorder_notice")).message).toMatch(/Matroska/);
  });

  it("a recorder that was killed leaves nothing behind that the next one does not put into place", async () => {
    const script = join(root, "orphan.ts");
    await writeFile(
      script,
      `const { runRecorder } = await import(${JSON.stringify(join(import.meta.dirname, "recorder.ts"))});
       await runRecorder(${JSON.stringify(settings({ format: "mkv" }))}, ${JSON.stringify(state)}, new AbortController().signal, () => {});`,
    );
    const child = spawn(
      process.execPath,
      ["--experimental-strip-types", "--disable-warning=ExperimentalWarning", script],
      {
        stdio: "ignore",
      },
    );
    children.push(child);
    await untilGrown();
    child.kill("SIGKILL");
    await new Promise((resolve) => child.once("close", resolve));
    const [run = ""] = await leftRuns();
    expect(await pidsIn(join(runsFolder(settings()), run))).toHaveLength(1);
    start({ replay: "fast" });
    await event("recorder_ended");
    const { file } = await event("recorded");
    expect(file).toContain(run);
    expect(framesIn(file)).toBeGreaterThan(5);
    expect(await leftRuns()).toEqual([]);
  });
});

describe("salvage", () => {
  const runOf = async (files: Record<string, string>): Promise<RunFolder> => {
    const run = {
      folder: join(runsFolder(settings()), "boot-run"),
      id: "boot-run",
      zeroMs: Date.parse("2026-03-14T10:00:00Z"),
    };
    await mkdir(run.folder, { recursive: true });
    await writeFile(join(run.folder, "run.json"), "{}");
    for (const [name, content] of Object.entries(files))
      await (content === "sample" ? cp(sample, join(run.folder, name)) : writeFile(join(run.folder, name), content));
    return run;
  };
  const stem = "cam_20260314T100000.000Z_boot-run-000000";

  beforeEach(() => {
    source = sample;
  });

  it("of a power cut: listed ones whole, the last one flagged, empty ones taken away", async () => {
    const run = await runOf({
      "000000.mp4": "sample",
      "000001.mp4": "sample",
      "000002.mp4": "half",
      "000003.mp4": "",
      "list.csv": "000000.mp4,0.000000,3.000000\n000001.mp4,3.000000,6.000000\n000002.mp4,6.0",
    });
    await salvage(run, settings(), "power", (one) => events.push(one));
    expect(await recordings()).toHaveLength(3);
    expect(events).toMatchObject([
      { capturedFrom: "2026-03-14T10:00:00.000Z", capturedUntil: "2026-03-14T10:00:03.000Z", incomplete: null },
      { capturedFrom: "2026-03-14T10:00:03.000Z", incomplete: null },
      { capturedFrom: "2026-03-14T10:00:06.000Z", incomplete: "power" },
    ]);
    expect(await leftRuns()).toEqual([]);
  });

  it.each<[string, Record<string, string>]>([
    ["before the sidecar", { "000000.mp4": "sample" }],
    ["after the sidecar", { "000000.mp4": "sample", [`${stem}.json`]: "{}" }],
    ["after it got its name", { [`${stem}.mp4`]: "sample", [`${stem}.json`]: "{}" }],
    ["after both sidecars", { "000000.mp4": "sample", [`${stem}.json`]: "{}", [`${stem}.gpx`]: "old" }],
    ["after the sidecar moved", { [`${stem}.mp4`]: "sample" }],
  ])("a kill %s leaves one recording and one sidecar", async (_when, files) => {
    const run = await runOf({ ...files, "list.csv": "000000.mp4,0.000000,3.000000\n" });
    if (!(`${stem}.json` in files) && `${stem}.mp4` in files) await writeFile(join(out, `${stem}.json`), "{}");
    await salvage(run, settings(), "power", () => undefined);
    expect((await readdir(out)).filter((name) => !name.startsWith(".")).sort()).toEqual([
      `${stem}.json`,
      `${stem}.mp4`,
    ]);
    expect(await leftRuns()).toEqual([]);
  });
});

describe("what a recorder needs", () => {
  it("says how to get ffmpeg, and when it is too old", async () => {
    await expect(ffmpegVersion("/nonexistent/ffmpeg")).rejects.toThrow(/apt install ffmpeg/);
    const old = join(root, "old-ffmpeg");
    await writeFile(old, '#!/bin/sh\necho "ffmpeg version 4.3.6-0+deb11u1 Copyright"\n');
    await chmod(old, 0o755);
    await expect(ffmpegVersion(old)).rejects.toThrow(/4\.3\.6.*too old/);
    await writeFile(old, '#!/bin/sh\necho "ffmpeg version N-109542-g6a5b4b2 Copyright"\n');
    expect(await ffmpegVersion(old)).toBe("N-109542-g6a5b4b2");
  });

  it("reads lengths to the millisecond, from 3 s to 1 h", () => {
    expect(["3s", "60", "2m", "1h", "7500ms", "3.001"].map(readDurationMs)).toEqual([
      3000, 60_000, 120_000, 3_600_000, 7500, 3001,
    ]);
    for (const wrong of ["", "2999ms", "2h", "x", "3.0001s", "-5"])
      expect(() => readDurationMs(wrong)).toThrow(/3 s to 1 h/);
  });

  it("speaks to each kind of source in its own way, and lets none lead ffmpeg elsewhere", () => {
    const inputOf = (url: string) => {
      const line = ffmpegArguments(settings({ url }), sourceKind(url));
      return line.slice(0, line.indexOf("-i") + 2).join(" ");
    };
    expect(inputOf("rtsp://10.0.0.8/live")).toMatch(/-rtsp_transport tcp -timeout \d+ -i rtsp:/);
    expect(inputOf("rtmp://10.0.0.8/live")).toMatch(/-protocol_whitelist rtmp,\S+ -rw_timeout \d+ -i rtmp:/);
    expect(inputOf("https://10.0.0.8/live.ts")).toMatch(/-protocol_whitelist http,\S+ -rw_timeout \d+ -i https:/);
    expect(inputOf("/dev/video0")).toMatch(/-f v4l2 -i \/dev\/video0$/);
    for (const url of ["rtmp://h/x", "http://h/x", "rtsp://h/x"]) expect(inputOf(url)).not.toMatch(/whitelist \S*file/);
    expect(() => sourceKind("ftp://10.0.0.8/x")).toThrow(/no source/);
  });

  it("gives ffmpeg no password where everybody could read it", () => {
    for (const url of ["rtsp://user:it's@10.0.0.8/live", "http://10.0.0.8/live.ts?token=secret"]) {
      const given = settings({ url, rtspTransport: "udp" });
      expect(ffmpegArguments(given, sourceKind(url)).join(" ")).not.toMatch(/user|it's|token|secret/);
      expect(ffmpegScript(given, sourceKind(url))).toContain(`\nfile '${url.replace("'", "'\\''")}'\n`);
    }
    const camera = settings({ url: "rtsp://user:pass@10.0.0.8/live", rtspTransport: "udp" });
    expect(ffmpegScript(camera, "rtsp")).toMatch(/\noption rtsp_transport udp\noption timeout \d+\n$/);
    expect(ffmpegScript(settings({ url: "rtsp://10.0.0.8/live" }), "rtsp")).toBeNull();
  });

  it("copies what a camera sends, and encodes what a device at /dev gives raw", () => {
    const coding = (url: string) => ffmpegArguments(settings({ url }), sourceKind(url)).join(" ");
    expect(coding("rtmp://10.0.0.8/live")).toMatch(/ -c copy .* -segment_atclocktime 1 /);
    expect(coding("/dev/video0")).toMatch(/ -c:v libx264 /);
    expect(coding("/dev/video0")).not.toMatch(/ -c copy /);
  });

  it("shows no secrets of an address", () => {
    expect(withoutSecrets("rtsp://user:p@ss@10.0.0.8/live?token=x")).not.toMatch(/user|ss@|token/);
    expect(withoutSecrets("/dev/video0")).toBe("/dev/video0");
  });
});

describe("a track", () => {
  it("is what gpsd told between two moments, as GPX 1.1, and survives what is no position", async () => {
    const told = [
      '{"class":"VERSION","release":"3.22"}',
      '{"class":"TPV","mode":1}',
      '{"class":"TPV","mode":3,"lat":39.481234,"lon":-0.441,"altMSL":12.5,"time":"2026-03-14T10:00:00.000Z"}',
      '{"class":"TPV","mode":2,"lat":391,"lon":0}',
      '{"class":"TPV","mode":2,"lat":39.5,"lon":-0.44,"time":"<x>"}',
      "no json",
    ];
    let asked = "";
    const server = createTcpServer((socket) => {
      socket
        .on("error", () => undefined)
        .on("data", (data) => {
          asked += data;
          socket.write(`${told.join("\n")}\n`);
        });
    });
    await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
    const address = server.address();
    const track = new GpsTrack(`gpsd://127.0.0.1:${typeof address === "object" ? address?.port : 0}`);
    const beganMs = Date.now();
    const listening = track.listen(stop.signal);
    while ((track.gpxBetween(0, Number.MAX_SAFE_INTEGER)?.match(/<trkpt/g)?.length ?? 0) < 2)
      await new Promise((resolve) => setTimeout(resolve, 10));
    stop.abort();
    await listening;
    server.close();
    expect(asked).toContain("?WATCH=");
    const gpx = track.gpxBetween(beganMs, Date.now() + 1) ?? "";
    expect(gpxProblem(gpx)).toBeNull();
    expect(gpx).toContain(
      '<trkpt lat="39.481234" lon="-0.441"><ele>12.5</ele><time>2026-03-14T10:00:00.000Z</time></trkpt>',
    );
    expect(gpx).toContain('<trkpt lat="39.5" lon="-0.44"></trkpt>');
    expect(track.gpxBetween(0, beganMs)).toBeNull();
  });
});

describe("the clock of a stream", () => {
  it("believes the earliest birth, moves along when the date is set, and not for a birth of another time", () => {
    const clock = new StreamClock();
    expect(clock.wallMsAt(0)).toBeNull();
    clock.check(1_000_000, 0);
    clock.sample(1_000_400, 0);
    clock.sample(1_003_100, 3000);
    clock.sample(1_006_300, 6000);
    expect(clock.wallMsAt(6000)).toBe(1_006_100);
    clock.check(2_000_000, 7000);
    expect(clock.wallMsAt(6000)).toBe(1_999_100);
    clock.sample(1_009_000, 9000);
    expect(clock.wallMsAt(6000)).toBe(1_999_100);
  });
});

/** Waits until a file of the run has grown to some fragments. */
async function untilGrown(): Promise<void> {
  for (;;) {
    for (const run of await leftRuns()) {
      const folder = join(runsFolder(settings()), run);
      for (const name of await readdir(folder).catch(() => []))
        if (/^\d{6}\./.test(name) && (await readFile(join(folder, name))).length > 20_000) return;
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

/** Processes that work in a folder. */
async function pidsIn(folder: string): Promise<number[]> {
  const found: number[] = [];
  for (const name of await readdir("/proc"))
    if (/^\d+$/.test(name) && (await readlink(`/proc/${name}/cwd`).catch(() => "")) === folder)
      found.push(Number(name));
  return found;
}

/** A camera that calls again until somebody listens, and is there when its first frames have been recorded. */
async function connectCamera(url: string): Promise<ChildProcess> {
  for (;;) {
    const child = camera(url);
    const isRefused = await new Promise<boolean>((resolve) => {
      child.once("close", () => resolve(true));
      setTimeout(() => resolve(false), 700);
    });
    if (!isRefused) return child;
  }
}
