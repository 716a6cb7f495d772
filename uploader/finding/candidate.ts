import { dirname, join } from "node:path";
import { type FileIdentity, isSameIdentity, readIdentity } from "../file-identity.ts";
import { type NotYet, type ReadyFile, type SettleSettings, SettleWatch } from "../ready-file.ts";
import { checkSidecar, type SidecarFile, type SidecarProblem } from "../sidecars/index.ts";
import type { Clock } from "./clock.ts";

/** A file that is not taken yet, over any number of scans. */
export class Candidate {
  readonly path: string;
  readonly #settle: SettleWatch;
  readonly #settings: Readonly<SettleSettings>;
  readonly #clock: Clock;
  /** As it came into place. */
  #renamedAs: FileIdentity | null = null;
  #identity: FileIdentity | null = null;
  #provenAtMs: number | null = null;
  /** What is missing of a file that lay still, when it was looked into. */
  #missing: string | null = null;
  #sidecars: Map<string, SettleWatch> | null = null;

  /** @param settled identity in which it was found finished before */
  constructor(path: string, settings: Readonly<SettleSettings>, settled: FileIdentity | null, clock: Clock) {
    this.path = path;
    this.#settings = settings;
    this.#settle = new SettleWatch(path, settings, settled, clock);
    this.#clock = clock;
  }

  /** Notes how the file is now. */
  note(identity: FileIdentity, isRenamed: boolean): void {
    if (isRenamed) this.#renamedAs = identity;
    if (this.#identity !== null && !isSameIdentity(this.#identity, identity)) {
      this.#provenAtMs = null;
      this.#missing = null;
    }
    this.#identity = identity;
    this.#settle.note(identity);
  }

  /** Whether it came into place by a rename and is still as it was then. */
  get isRenamed(): boolean {
    return this.#renamedAs !== null && this.#identity !== null && isSameIdentity(this.#renamedAs, this.#identity);
  }

  /** Whether it lay still for long enough. */
  get isSettled(): boolean {
    return this.#settle.isSettled;
  }

  /** Why it is not offered, for people; null when it is. */
  get reason(): string | null {
    if (this.#identity?.sizeBytes === 0) return "empty";
    return this.#missing ?? (this.#provenAtMs === null ? "not finished" : null);
  }

  /** Whether it was looked into and did not reach its end; then it must be remembered for how long that is so. */
  get isIncomplete(): boolean {
    return this.#missing !== null;
  }

  /** Milliseconds until it may be taken: a proven one waits a moment for its sidecars, another until it settles. */
  dueMs(isProven: boolean, sidecarWaitMs: number): number {
    if (!isProven)
      return this.#identity?.sizeBytes === 0
        ? Number.POSITIVE_INFINITY
        : Math.max(this.#settings.settleMs - this.#settle.unchangedMs, 0);
    const nowMs = this.#clock.monotonicMs();
    // One that was seen to lie still had its sidecars' time meanwhile, where a look at the folders takes long.
    const stillForMs = this.isSettled ? this.#settle.unchangedMs - this.#settings.settleMs : 0;
    this.#provenAtMs ??= nowMs - Math.max(stillForMs, 0);
    return Math.max(this.#provenAtMs + sidecarWaitMs - nowMs, 0);
  }

  /** Looks whether the file that lay still also reaches its end. */
  async look(): Promise<ReadyFile | NotYet> {
    const looked = await this.#settle.look();
    this.#missing = "waitFor" in looked && looked.waitFor === "incomplete" ? looked.detail : null;
    return looked;
  }

  /**
   * Checks the sidecars beside it. One that is not right may still be being written, and is waited for until it lies
   * still; after that it no longer holds up its recording.
   */
  async checkSidecars(names: readonly string[]) {
    const sidecars: SidecarFile[] = [];
    const badSidecars: SidecarProblem[] = [];
    let isWaiting = false;
    for (const name of names) {
      const path = join(dirname(this.path), name);
      const checked = await checkSidecar(path);
      if ("sha256" in checked) sidecars.push(checked);
      else {
        badSidecars.push(checked);
        this.#sidecars ??= new Map();
        const watch = this.#sidecars.get(path) ?? new SettleWatch(path, this.#settings, null, this.#clock);
        this.#sidecars.set(path, watch);
        const identity = await readIdentity(path).catch(() => null);
        if (identity === null) continue;
        watch.note(identity);
        if (watch.unchangedMs < this.#settings.settleMs) isWaiting = true;
      }
    }
    return { sidecars, badSidecars, isWaiting };
  }
}
