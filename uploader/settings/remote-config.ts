import { mkdir, readFile, rename } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { deviceSettingsSchema, ProtocolError, readDeviceSettings } from "../../lib/protocol/index.ts";
import packageJson from "../../package.json" with { type: "json" };
import { messageOf } from "../problems.ts";
import { replaceFile, syncFolder } from "../state/durable-file.ts";

/** So many heartbeats in a row without an answer, and a configuration on trial is given up. */
const maxLostContacts = 3;
/** So many starts of the daemon without contact, and it is given up too. */
const maxStarts = 3;
/** A vehicle in a tunnel loses contact as well: a version is tried so often before it is given up for good. */
const maxTries = 3;

const versionSchema = z.object({ version: z.int().nonnegative(), settings: deviceSettingsSchema });
const stateSchema = z.object({
  good: versionSchema.nullable(),
  trial: versionSchema.extend({ starts: z.int().nonnegative() }).nullable(),
  rejected: z
    .object({
      version: z.int().nonnegative(),
      problem: z.string(),
      tries: z.int().nonnegative(),
      /** Version of the program that rejected it: a later one may know what this one did not. */
      program: z.string().optional(),
    })
    .nullable(),
});
type State = z.output<typeof stateSchema>;

/**
 * The archive's configuration on this device. A new one is first written down and tried; the one before is kept until
 * the archive has been reached under the new one. When contact is lost instead, or the daemon does not stay up, the old
 * one holds again and the archive is told. Each step is on the disk before it takes effect, so a power cut repeats a
 * step or finds it done.
 */
export class RemoteConfig {
  readonly #path: string;
  readonly #program: string;
  #state: State;
  #lostContacts = 0;

  private constructor(path: string, state: State, program: string) {
    this.#path = path;
    this.#program = program;
    this.#state = state;
  }

  /** Opens what is in the state folder; a damaged file is set aside, and the archive sends its configuration again. */
  static async open(stateFolder: string, program = packageJson.version): Promise<RemoteConfig> {
    const folder = join(stateFolder, "settings");
    await mkdir(folder, { recursive: true, mode: 0o700 });
    await syncFolder(stateFolder);
    const path = join(folder, "remote.json");
    return new RemoteConfig(path, await readState(path, true), program);
  }

  /** What is in the state folder, only to look at it. */
  static async read(stateFolder: string): Promise<RemoteConfig> {
    const path = join(stateFolder, "settings", "remote.json");
    return new RemoteConfig(path, await readState(path, false), packageJson.version);
  }

  /** What holds now; null: the archive has decided nothing. */
  get settings(): object | null {
    return (this.#state.trial ?? this.#state.good)?.settings ?? null;
  }

  /** The version that holds now; null: none. */
  get version(): number | null {
    return (this.#state.trial ?? this.#state.good)?.version ?? null;
  }

  /** Whether the version that holds has not proved itself yet. */
  get isOnTrial(): boolean {
    return this.#state.trial !== null;
  }

  /** Why a newer version does not hold; null: nothing is wrong. */
  get problem(): string | null {
    const { rejected } = this.#state;
    return rejected === null ? null : `version ${rejected.version}: ${rejected.problem}`;
  }

  /** Whether a version that the archive names is one to fetch. */
  isNews(version: number): boolean {
    // A version of 0 says that nobody has decided anything.
    if (version === 0) return this.version !== null;
    const { rejected } = this.#state;
    const isRejected = version === rejected?.version && rejected.program === this.#program;
    return version !== this.version && (!isRejected || rejected.tries < maxTries);
  }

  /** The daemon starts. @returns true when that was once too often for a version on trial, and the old one holds */
  async started(): Promise<boolean> {
    const { trial } = this.#state;
    if (trial === null) return false;
    if (trial.starts >= maxStarts) {
      await this.#giveUp(
        trial.version,
        `the uploader was started ${trial.starts} times with it and never reached the archive`,
      );
      return true;
    }
    await this.#save({ ...this.#state, trial: { ...trial, starts: trial.starts + 1 } });
    return false;
  }

  /** Takes what the archive sent, if it is sound. @returns true when other settings hold now */
  async take(version: number, settings: unknown): Promise<boolean> {
    if (!this.isNews(version)) return false;
    this.#lostContacts = 0;
    if (version === 0) {
      await this.#save({ good: null, trial: null, rejected: null });
      return true;
    }
    try {
      const trial = { version, settings: readDeviceSettings(settings), starts: 1 };
      const { rejected } = this.#state;
      await this.#save({ ...this.#state, trial, rejected: rejected?.version === version ? rejected : null });
      return true;
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      await this.reject(version, messageOf(error));
      return false;
    }
  }

  /** What the archive sent is no configuration for this uploader: what holds now goes on holding. */
  async reject(version: number, problem: string): Promise<void> {
    await this.#save({ ...this.#state, rejected: { version, problem, tries: maxTries, program: this.#program } });
  }

  /** The archive answered under what holds now: it has proved itself. */
  async reached(): Promise<void> {
    this.#lostContacts = 0;
    const { trial } = this.#state;
    if (trial === null) return;
    const good = { version: trial.version, settings: trial.settings };
    await this.#save({ good, trial: null, rejected: null });
  }

  /** The archive did not answer. @returns true when the old settings hold again */
  async lost(): Promise<boolean> {
    const { trial } = this.#state;
    if (trial === null) return false;
    this.#lostContacts += 1;
    if (this.#lostContacts < maxLostContacts) return false;
    await this.#giveUp(trial.version, `contact was lost with it ${maxLostContacts} times in a row`);
    return true;
  }

  /** What the daemon could not apply does not hold. @returns true when the old settings hold again */
  async refuse(problem: string): Promise<boolean> {
    const { trial } = this.#state;
    if (trial === null) return false;
    await this.#giveUp(trial.version, problem, true);
    return true;
  }

  #giveUp(version: number, problem: string, isFinal = false): Promise<void> {
    this.#lostContacts = 0;
    const { rejected } = this.#state;
    const tries = isFinal ? maxTries : (rejected?.version === version ? rejected.tries : 0) + 1;
    const held = this.#state.good === null ? "the built-in settings hold" : `version ${this.#state.good.version} holds`;
    const why = { version, problem: `${problem}; ${held}`, tries, program: this.#program };
    return this.#save({ ...this.#state, trial: null, rejected: why });
  }

  async #save(state: State): Promise<void> {
    await replaceFile(this.#path, `${JSON.stringify(state)}\n`, true);
    this.#state = state;
  }
}

async function readState(path: string, setsAside: boolean): Promise<State> {
  const empty: State = { good: null, trial: null, rejected: null };
  const content = await readFile(path, "utf8").catch(() => null);
  if (content === null) return empty;
  try {
    return stateSchema.parse(JSON.parse(content));
  } catch {
    if (setsAside) await rename(path, `${path}.damaged`).catch(() => undefined);
    return empty;
  }
}
