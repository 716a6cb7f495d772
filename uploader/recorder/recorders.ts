import { sleep } from "../patience.ts";
import { Interrupted, messageOf } from "../problems.ts";
import type { RecorderReport, RecorderStatus } from "./events.ts";
import { Recorder } from "./recorder.ts";
import type { RecorderSettings } from "./settings.ts";

const againMs = 60_000;

/** The sources that a daemon records, each for itself. */
export class Recorders {
  readonly #recorders: { recorder: Recorder; problem: string | null }[];
  readonly #report: RecorderReport;

  constructor(settings: readonly RecorderSettings[], stateFolder: string, report: RecorderReport) {
    this.#report = report;
    this.#recorders = settings.map((one) => ({ recorder: new Recorder(one, stateFolder, report), problem: null }));
  }

  /** How each is. */
  status(): RecorderStatus[] {
    return this.#recorders.map(({ recorder }) => recorder.status);
  }

  /** What a person must mend, such as an ffmpeg that is not there. */
  alarms(): string[] {
    return this.#recorders.flatMap(({ recorder, problem }) => {
      const why = problem ?? recorder.noRoom;
      return why === null ? [] : [`Nothing is recorded from ${recorder.status.name}: ${why}`];
    });
  }

  /** Records until the signal says so. One that cannot is tried again and holds up no other. */
  async run(signal: AbortSignal): Promise<void> {
    await Promise.all(this.#recorders.map((one) => this.#keepRunning(one, signal)));
  }

  async #keepRunning(one: { recorder: Recorder; problem: string | null }, signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      try {
        one.problem = null;
        await one.recorder.run(signal);
        // A file was replayed to its end.
        return;
      } catch (error) {
        if (error instanceof Interrupted) return;
        one.problem = messageOf(error);
        this.#report({ event: "recorder_notice", recorder: one.recorder.status.name, message: one.problem });
      }
      await sleep(againMs * (0.75 + Math.random() / 2), signal).catch(() => undefined);
    }
  }
}
