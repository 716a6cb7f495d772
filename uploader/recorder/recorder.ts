import { mkdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { sleep } from "../patience.ts";
import { Interrupted, messageOf, Problem } from "../problems.ts";
import { replaceFile } from "../state/durable-file.ts";
import { takeLock } from "../state/process-lock.ts";
import type { RecorderReport, RecorderStatus } from "./events.ts";
import { ffmpegVersion } from "./ffmpeg.ts";
import { sourceKind } from "./ffmpeg-arguments.ts";
import { dropGap } from "./gap-drop.ts";
import { GpsTrack } from "./gps-track.ts";
import { RecordingRun, type RunEnd } from "./record-once.ts";
import { whyNoRoom } from "./room.ts";
import { endOrphans, leftRunFolders, makeRunFolder, runsFolder } from "./run-folder.ts";
import { salvage } from "./salvage.ts";
import { type RecorderSettings, withoutSecrets } from "./settings.ts";

/** Shorter ones are how long a new connection takes to show its first frame. */
const minGapMs = 1000;
const firstDelayMs = 500;
const maxDelayMs = 60_000;
/** A run that went well for so long starts the delays anew. */
const goodRunMs = 60_000;
const orphanGraceMs = 5000;
const roomEveryMs = 1000;
const killed = "the recorder or the device stopped without warning";

/** What is remembered between runs, so that a gap is known across a restart or a power cut. */
type Memory = { lastUntilMs: number | null; reason: string };

/** Cuts one source into recordings for as long as it is told to, whatever happens to the source. */
export class Recorder {
  readonly #stateFolder: string;
  readonly #report: RecorderReport;
  #settings: RecorderSettings;
  #memory: Memory = { lastUntilMs: null, reason: killed };
  #lastFrameMs: number | null = null;
  readonly #track: GpsTrack | null;
  readonly #status: Omit<RecorderStatus, "lastFrameAgeMs">;
  /** Why there is no room to record; null: there is. */
  noRoom: string | null = null;

  constructor(settings: RecorderSettings, stateFolder: string, report: RecorderReport) {
    this.#settings = settings;
    this.#stateFolder = stateFolder;
    this.#track = settings.gps === null ? null : new GpsTrack(settings.gps);
    this.#report = (event) => {
      if (event.event === "recorded") {
        this.#status.recordings++;
        this.#status.bytes += event.sizeBytes;
        if (event.incomplete !== null) this.#status.incomplete++;
      }
      report(event);
    };
    const none = { recordings: 0, bytes: 0, incomplete: 0, gaps: 0, restarts: 0 };
    this.#status = { name: settings.name, state: "starting", problem: null, lastGapAt: null, ...none };
  }

  /** How it is, for status, heartbeats and metrics. */
  get status(): RecorderStatus {
    const lastFrameAgeMs = this.#lastFrameMs === null ? null : Math.round(performance.now() - this.#lastFrameMs);
    return { ...this.#status, lastFrameAgeMs };
  }

  /**
   * Records until the signal says so, or until a file that is replayed is at its end.
   *
   * @throws Problem "usage" when there is no ffmpeg, "file" when there is no file to replay, "busy" when another recorder of this name writes to this folder
   */
  async run(signal: AbortSignal): Promise<void> {
    const ffmpeg = await ffmpegVersion(this.#settings.ffmpeg);
    const { name, out, url } = this.#settings;
    // A file that is not there will not come; everything else may.
    sourceKind(url);
    await mkdir(runsFolder(this.#settings), { recursive: true, mode: 0o700 });
    const unlock = await takeLock(join(out, ".recording"), `lock-${name}`);
    if (unlock === null) throw new Problem("busy", `Another recorder ${name} writes to ${out}.`);
    try {
      this.#memory = await this.#readMemory();
      const stopGps = new AbortController();
      const gps = this.#track?.listen(AbortSignal.any([signal, stopGps.signal]));
      await this.#recordAgainAndAgain(ffmpeg, signal).finally(() => stopGps.abort());
      await gps;
    } finally {
      this.#status.state = "stopped";
      this.#status.problem = null;
      await unlock();
    }
    this.#report({ event: "recorder_ended", recorder: name, recordings: this.#status.recordings });
  }

  async #recordAgainAndAgain(ffmpeg: string, signal: AbortSignal): Promise<void> {
    for (let attempt = 0; ; attempt++) {
      const beganAtMs = performance.now();
      // Also what this process could not put into place before, on a full disk.
      await this.#salvageLeft();
      if (!(await this.#awaitRoom(signal))) return;
      const end = await this.#recordOnce(ffmpeg, signal).catch((error: unknown): RunEnd => {
        if (error instanceof Problem) throw error;
        return { isOver: signal.aborted, problem: messageOf(error), isWrongContainer: false };
      });
      await this.#remember({ reason: end.isOver ? "the recorder was stopped" : end.problem });
      if (end.isOver) return;
      this.#status.restarts++;
      this.#status.state = "waiting";
      this.#status.problem = end.problem;
      if (end.isWrongContainer && this.#settings.format !== "mkv") {
        this.#settings = { ...this.#settings, format: "mkv" };
        this.#notice("The source has a codec that this container does not hold; recording as Matroska from now on.");
        continue;
      }
      if (performance.now() - beganAtMs > goodRunMs) attempt = 0;
      const limitMs = Math.min(maxDelayMs, firstDelayMs * 2 ** Math.min(attempt, 20));
      const delayMs = limitMs * (0.5 + Math.random() / 2);
      const inSeconds = Math.round(delayMs / 100) / 10;
      const recorder = this.#settings.name;
      this.#report({ event: "recorder_restart", recorder, attempt: attempt + 1, inSeconds, problem: end.problem });
      try {
        await sleep(delayMs, signal);
      } catch (error) {
        if (error instanceof Interrupted) return;
        throw error;
      }
    }
  }

  /** @returns false when it was told to stop first */
  async #awaitRoom(signal: AbortSignal): Promise<boolean> {
    let problem = await whyNoRoom(this.#settings, false);
    if (problem !== null) this.#notice(`Nothing is recorded, as ${problem}.`);
    for (; problem !== null; problem = await whyNoRoom(this.#settings, true)) {
      this.noRoom = problem;
      this.#status.state = "waiting";
      this.#status.problem = problem;
      try {
        await sleep(roomEveryMs, signal);
      } catch (error) {
        if (error instanceof Interrupted) return false;
        throw error;
      }
    }
    this.noRoom = null;
    return true;
  }

  async #recordOnce(ffmpeg: string, signal: AbortSignal): Promise<RunEnd> {
    const settings = this.#settings;
    const kind = sourceKind(settings.url);
    const before = this.#memory;
    // What holds unless we live to say otherwise.
    await this.#remember({ reason: killed });
    const run = await makeRunFolder(settings, kind === "file" ? Date.now() : null);
    const { name: recorder, format } = settings;
    this.#report({ event: "recording", recorder, input: withoutSecrets(settings.url), format, ffmpeg });
    let gap = Promise.resolve();
    const recording = new RecordingRun(settings, kind, run, this.#track, {
      report: this.#report,
      onFrame: (firstMs) => {
        this.#lastFrameMs = performance.now();
        this.#status.state = "recording";
        this.#status.problem = null;
        if (firstMs !== null && kind !== "file") gap = this.#noteGap(firstMs, before);
      },
      onRecorded: (untilMs) => this.#remember({ lastUntilMs: untilMs }),
    });
    const end = await recording.record(signal);
    await gap;
    const lastMs = await salvage(run, settings, end.problem, this.#report, this.#track);
    if (lastMs !== null) await this.#remember({ lastUntilMs: lastMs });
    return end;
  }

  async #salvageLeft(): Promise<void> {
    for (const left of await leftRunFolders(this.#settings)) {
      await endOrphans(left, orphanGraceMs);
      try {
        const lastMs = await salvage(left, this.#settings, this.#memory.reason, this.#report);
        if (lastMs !== null && lastMs > (this.#memory.lastUntilMs ?? 0)) await this.#remember({ lastUntilMs: lastMs });
      } catch (error) {
        this.#notice(`What an earlier run left in ${left.folder} cannot be put into place: ${messageOf(error)}`);
      }
    }
  }

  async #noteGap(firstMs: number, { lastUntilMs, reason }: Memory): Promise<void> {
    if (lastUntilMs === null || Math.abs(firstMs - lastUntilMs) < minGapMs) return;
    // A clock that was set back makes the end come before the beginning; what is known is that there was a gap.
    const isBackwards = firstMs < lastUntilMs;
    const gap = {
      source: this.#settings.source ?? this.#settings.name,
      from: new Date(isBackwards ? firstMs : lastUntilMs).toISOString(),
      until: new Date(firstMs).toISOString(),
      reason: `${isBackwards ? "the clock was set back; " : ""}${printable(reason)}`.slice(0, 300),
    };
    try {
      await dropGap(this.#stateFolder, gap);
    } catch (error) {
      this.#notice(`A gap could not be noted: ${messageOf(error)}`);
    }
    this.#status.gaps++;
    this.#status.lastGapAt = gap.until;
    const { source: _, ...times } = gap;
    this.#report({ event: "gap", recorder: this.#settings.name, ...times });
  }

  get #memoryPath(): string {
    return join(this.#stateFolder, "recorders", `${this.#settings.name}.json`);
  }

  async #readMemory(): Promise<Memory> {
    try {
      const { lastUntilMs, reason } = JSON.parse(await readFile(this.#memoryPath, "utf8"));
      if (typeof lastUntilMs === "number" && typeof reason === "string") return { lastUntilMs, reason };
    } catch {
      // None yet, or damaged: then one gap is not known, and nothing else is lost.
    }
    return { lastUntilMs: null, reason: killed };
  }

  async #remember(change: Partial<Memory>): Promise<void> {
    this.#memory = { ...this.#memory, ...change };
    try {
      await mkdir(join(this.#stateFolder, "recorders"), { recursive: true, mode: 0o700 });
      await replaceFile(this.#memoryPath, `${JSON.stringify(this.#memory)}\n`, true);
    } catch (error) {
      this.#notice(`The state folder takes no more: ${messageOf(error)}`);
    }
  }

  #notice(message: string): void {
    this.#report({ event: "recorder_notice", recorder: this.#settings.name, message });
  }
}

// ffmpeg's words may hold anything; a statement takes no control characters.
function printable(text: string): string {
  return text.replaceAll(/[\p{Cc}\p{Cf}\p{Cs}]/gu, "?");
}

/** Runs a recorder until the signal says so; see Recorder. */
export function runRecorder(
  settings: RecorderSettings,
  stateFolder: string,
  signal: AbortSignal,
  report: RecorderReport,
): Promise<void> {
  return new Recorder(settings, stateFolder, report).run(signal);
}
