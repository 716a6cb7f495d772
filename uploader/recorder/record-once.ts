import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import { stat } from "node:fs/promises";
import { join } from "node:path";
import { Writable } from "node:stream";
import { messageOf } from "../problems.ts";
import type { RecorderReport } from "./events.ts";
import { ffmpegEnvironment } from "./ffmpeg.ts";
import { ffmpegArguments, ffmpegScript, type SourceKind, scriptFd } from "./ffmpeg-arguments.ts";
import type { GpsTrack } from "./gps-track.ts";
import { publish } from "./publish.ts";
import { whyNoRoom } from "./room.ts";
import type { RunFolder } from "./run-folder.ts";
import { type ListedSegment, SegmentCsv } from "./segment-csv.ts";
import { type RecorderSettings, withoutSecrets } from "./settings.ts";
import { StreamClock } from "./stream-clock.ts";

const tickMs = 200;
const roomEveryMs = 500;
const stopSteps = [
  ["SIGINT", 2000],
  ["SIGKILL", 6000],
] as const;
/** Connecting and probing take longer than a pause between two frames. */
const firstFrameMs = 30_000;
const keptLines = 12;
const againMs = 15_000;

/** How a run of ffmpeg ended. */
export type RunEnd = {
  /** True: the file that was replayed is at its end, or we were told to stop. */
  isOver: boolean;
  /** Why it ended, for people. */
  problem: string;
  /** The source has a codec that this container does not hold. */
  isWrongContainer: boolean;
};

/** What a run tells while it goes on. */
export type RunHooks = {
  report: RecorderReport;
  /** A frame came; for the first one with its wall clock. */
  onFrame(firstMs: number | null): void;
  /** A recording is in place that reaches to this moment of the wall clock. */
  onRecorded(untilMs: number): Promise<void>;
};

/** Runs ffmpeg once over a source, and puts each finished recording into place. What it leaves is for salvaging. */
export class RecordingRun {
  readonly #settings: RecorderSettings;
  readonly #kind: SourceKind;
  readonly #run: RunFolder;
  readonly #track: GpsTrack | null;
  readonly #hooks: RunHooks;
  readonly #clock: StreamClock;
  readonly #csv: SegmentCsv;
  readonly #lines: string[] = [];
  /** Finished and not in place yet. */
  readonly #pending: ListedSegment[] = [];
  #notBeforeMs = 0;
  #isEnded = false;
  #lastFrameMs = performance.now();
  #outTimeUs = -1;
  #hasFrames = false;
  #isFirstTold = false;
  #stalled: string | null = null;

  constructor(settings: RecorderSettings, kind: SourceKind, run: RunFolder, track: GpsTrack | null, hooks: RunHooks) {
    this.#settings = settings;
    this.#kind = kind;
    this.#run = run;
    this.#track = track;
    this.#hooks = hooks;
    this.#clock = new StreamClock(run.zeroMs);
    this.#csv = new SegmentCsv(run.folder);
  }

  /** Goes on until the source ends, fails or stalls, or the signal says so. */
  async record(signal: AbortSignal): Promise<RunEnd> {
    const script = ffmpegScript(this.#settings, this.#kind);
    const child = spawn(this.#settings.ffmpeg, ffmpegArguments(this.#settings, this.#kind), {
      cwd: this.#run.folder,
      stdio: ["pipe", "pipe", "pipe", script === null ? "ignore" : "pipe"],
      // A signal to the terminal's or the service's processes is for us: ffmpeg breaks off at the second that it gets.
      detached: true,
      env: ffmpegEnvironment,
      // The first three are pipes; the types know that of no list of four.
    }) as ChildProcessWithoutNullStreams;
    const killers: NodeJS.Timeout[] = [];
    const stop = () => {
      // Its way of being asked to end; while it waits for a source it does not read what it is asked.
      child.stdin.write("q");
      for (const [signal, afterMs] of stopSteps) killers.push(setTimeout(() => child.kill(signal), afterMs));
    };
    child.stdin.on("error", () => undefined);
    const scriptPipe = child.stdio[scriptFd];
    if (scriptPipe instanceof Writable) scriptPipe.on("error", () => undefined).end(script);
    let work = Promise.resolve();
    const tick = () => {
      if (this.#checkStall()) child.kill("SIGKILL");
      work = work.then(() => this.#collect());
    };
    const ended = new Promise<string>((resolve) => {
      child.once("error", (error) => resolve(messageOf(error)));
      child.once("close", (code, by) =>
        resolve(by === null ? `ffmpeg ended with ${code}` : `ffmpeg was ended by ${by}`),
      );
    });
    eachLine(child.stdout, (line) => this.#noteProgress(line));
    eachLine(child.stderr, (line) => this.#noteComplaint(line));
    const timer = setInterval(tick, tickMs);
    // Stopped in time, the last window is whole, and there is room left to finish and send what is there.
    const room = setInterval(() => {
      void whyNoRoom(this.#settings, false).then((problem) => {
        if (problem === null || this.#stalled !== null) return;
        this.#stalled = problem;
        stop();
      });
    }, roomEveryMs);
    signal.addEventListener("abort", stop, { once: true });
    if (signal.aborted) stop();
    const how = await ended;
    clearInterval(timer);
    clearInterval(room);
    for (const killer of killers) clearTimeout(killer);
    signal.removeEventListener("abort", stop);
    this.#notBeforeMs = 0;
    this.#isEnded = true;
    await work.then(() => this.#collect());
    const said = this.#lines.at(-1);
    const isWrongContainer = this.#lines.some((line) => /not currently supported in container/.test(line));
    const isStreamOver = how === "ffmpeg ended with 0";
    const failure = said === undefined ? how : `${how}: ${said}`;
    const problem = this.#stalled ?? (isStreamOver ? "the source ended the stream" : failure);
    return {
      isOver: signal.aborted || (isStreamOver && this.#stalled === null && this.#kind === "file"),
      problem,
      isWrongContainer,
    };
  }

  #noteProgress(line: string): void {
    const outTimeUs = Number(/^out_time_us=(\d+)$/.exec(line)?.[1] ?? Number.NaN);
    if (!(outTimeUs > this.#outTimeUs)) return;
    this.#outTimeUs = outTimeUs;
    this.#hasFrames = true;
    this.#lastFrameMs = performance.now();
    this.#hooks.onFrame(null);
  }

  #noteComplaint(line: string): void {
    if (line.trim() === "") return;
    const { url } = this.#settings;
    const clean = line.replaceAll(url, withoutSecrets(url)).replaceAll(/\/\/[^/\s]*@/g, "//");
    this.#lines.push(clean.trim().slice(0, 300));
    if (this.#lines.length > keptLines) this.#lines.shift();
  }

  #checkStall(): boolean {
    const limitMs = this.#hasFrames ? this.#settings.stallMs : Math.max(this.#settings.stallMs, firstFrameMs);
    // One that waits for its camera to call may wait for ever.
    if (!this.#hasFrames && this.#settings.listens) return false;
    if (performance.now() - this.#lastFrameMs < limitMs) return false;
    this.#stalled ??= `no frame came for ${limitMs / 1000} s`;
    return true;
  }

  // A failure leaves the file where it is: it is tried again, and in the end by salvaging.
  async #collect(): Promise<void> {
    try {
      this.#clock.check(Date.now(), performance.now());
      if (!this.#isFirstTold) await this.#sampleBirth(`${"0".repeat(6)}.${this.#settings.format}`, 0);
      const firstMs = this.#clock.wallMsAt(0);
      if (!this.#isFirstTold && this.#hasFrames && firstMs !== null) {
        this.#isFirstTold = true;
        this.#hooks.onFrame(firstMs);
      }
      this.#pending.push(...(await this.#csv.read()));
      if (performance.now() < this.#notBeforeMs) return;
      for (let segment = this.#pending[0]; segment !== undefined; segment = this.#pending[0]) {
        const isNextBorn = await this.#sampleBirth(nameAfter(segment.name), segment.endMs);
        // The next file comes right after the line, and its birth tells better when this one began.
        if (!isNextBorn && !this.#isEnded) break;
        await this.#publish(segment);
        this.#pending.shift();
      }
    } catch (error) {
      this.#notBeforeMs = performance.now() + againMs;
      const message = `A recording could not be put into place and is tried again later: ${messageOf(error)}`;
      this.#hooks.report({ event: "recorder_notice", recorder: this.#settings.name, message });
    }
  }

  async #publish({ name, startMs, endMs }: ListedSegment): Promise<void> {
    const fromMs = this.#clock.wallMsAt(startMs) ?? Date.now() - (endMs - startMs);
    const recorded = await publish(
      { name, startMs, endMs, fromMs, incomplete: null },
      this.#settings,
      this.#run,
      this.#track,
    );
    if (recorded === null) return;
    this.#hooks.report(recorded);
    await this.#hooks.onRecorded(Date.parse(recorded.capturedUntil));
  }

  async #sampleBirth(name: string, positionMs: number): Promise<boolean> {
    const stats = await stat(join(this.#run.folder, name)).catch(() => null);
    if (stats === null) return false;
    // Not every file system keeps births; the moment of seeing it is a little late.
    this.#clock.sample(stats.birthtimeMs > 0 ? Math.min(stats.birthtimeMs, Date.now()) : Date.now(), positionMs);
    return true;
  }
}

/** The file that ffmpeg opens after this one. */
function nameAfter(name: string): string {
  const [number = "", ending = ""] = name.split(".");
  return `${String(Number(number) + 1).padStart(6, "0")}.${ending}`;
}

function eachLine(stream: NodeJS.ReadableStream, take: (line: string) => void): void {
  let rest = "";
  stream.setEncoding("utf8");
  stream.on("data", (text: string) => {
    const lines = (rest + text).split(/\r?\n|\r/);
    rest = (lines.pop() ?? "").slice(-10_000);
    for (const line of lines) take(line);
  });
}
