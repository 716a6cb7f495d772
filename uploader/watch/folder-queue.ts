import { type DaemonSnapshot, emptySnapshot } from "../daemon-snapshot.ts";
import type { World } from "../delivery/world.ts";
import { type FileIdentity, isSameIdentity } from "../file-identity.ts";
import { Finder } from "../finding/finder.ts";
import type { FoundFile, Ledger, Standing } from "../finding/found-file.ts";
import { Interrupted } from "../problems.ts";
import type { SettleSettings } from "../ready-file.ts";

/** Which files are looked for, and when one counts as finished. */
export type QueueSettings = {
  /** Absolute paths. */
  folders: string[];
  extensions: ReadonlySet<string>;
  settle: SettleSettings;
  /** Files in which recorders list what they have finished. */
  segmentLists: string[];
  sidecarWaitMs: number;
};

/** A file that is done with, as long as it stays what it was. */
type Finished = { identity: FileIdentity; againAtMs: number };

/** Finished recordings on their way from where they were found to a worker: events first, then the oldest. */
export class FolderQueue implements Ledger {
  readonly #settings: QueueSettings;
  readonly #world: World;
  readonly #finder: Finder;
  /** Described by an earlier process, and finished then; by path. */
  readonly #settled = new Map<string, FileIdentity>();
  readonly #finished = new Map<string, Finished>();
  /** Paths with a worker or on the way to one. */
  readonly #taken = new Set<string>();
  /** When a file that was put back may be tried again, by path. */
  readonly #notBeforeMs = new Map<string, number>();
  /** Paths that the running scan came by. */
  #seen = new Set<string>();
  #ripe: FoundFile[] = [];
  #takers: ((found: FoundFile) => void)[] = [];
  #lastScanAt = new Date();

  private constructor(settings: QueueSettings, world: World) {
    this.#settings = settings;
    this.#world = world;
    this.#finder = new Finder({ ...settings, stateFolder: world.store.folder }, (file, message) =>
      world.report({ event: "notice", file, message }),
    );
  }

  /** Starts with what the state says is done. */
  static async open(settings: QueueSettings, world: World): Promise<FolderQueue> {
    const queue = new FolderQueue(settings, world);
    for await (const record of world.store.all()) {
      const isDone = record.phase === "sealed" || record.phase === "quarantined";
      const isDelivered = record.phase === "delivered" && !world.settings.waitsForSeal;
      if (record.server !== world.archive.server) continue;
      if (isDone || isDelivered)
        queue.#finished.set(record.file, { identity: record.identity, againAtMs: Number.POSITIVE_INFINITY });
      // It was finished when it was described, and still is unless something about it has changed.
      else queue.#settled.set(record.file, record.identity);
    }
    return queue;
  }

  /** Reads the folders once: forgets what is gone, and hands on what is ripe. */
  async scan(): Promise<void> {
    this.#seen = new Set();
    const ripe = await this.#finder.scan(this, this.#world.signal);
    for (const known of [this.#notBeforeMs, this.#finished, this.#settled])
      for (const path of known.keys()) if (!this.#seen.has(path)) known.delete(path);
    this.#lastScanAt = new Date();
    // A worker may have taken one meanwhile.
    this.#ripe = ripe
      .filter(({ path }) => !this.#taken.has(path))
      .sort((a, b) => Number(b.hints.isEvent) - Number(a.hints.isEvent));
    for (let taker = this.#takers.shift(); taker !== undefined; taker = this.#takers.shift()) {
      const next = this.#next();
      if (next === null) {
        this.#takers.unshift(taker);
        break;
      }
      taker(next);
    }
  }

  /** Takes a recorder's word that a file is finished. @throws Problem "usage" */
  enqueue(said: Record<string, unknown>): Promise<void> {
    return this.#finder.enqueue(said);
  }

  standingOf(path: string, identity: FileIdentity): Standing {
    this.#seen.add(path);
    if (this.#isFinished(path, identity)) return "written";
    return this.#taken.has(path) || (this.#notBeforeMs.get(path) ?? 0) > performance.now() ? "taken" : "new";
  }

  settledAs(path: string): FileIdentity | null {
    return this.#settled.get(path) ?? null;
  }

  sidecarsOf(): null {
    return null;
  }

  mark(): void {
    // What is on its way already keeps its place.
  }

  /** Milliseconds until the next file may have settled. */
  nextRipeMs(): number {
    return Math.max(this.#finder.nextDueMs, 50);
  }

  /** The next ripe file; waits until there is one. @throws Interrupted */
  take(signal: AbortSignal): Promise<FoundFile> {
    return new Promise((resolve, reject) => {
      if (signal.aborted) return reject(new Interrupted());
      const next = this.#next();
      if (next !== null) return resolve(next);
      const onAbort = () => reject(new Interrupted());
      signal.addEventListener("abort", onAbort, { once: true });
      this.#takers.push((found) => {
        signal.removeEventListener("abort", onAbort);
        resolve(found);
      });
    });
  }

  /** The file is not done: a scan after so long looks at it again, so that the others get their turn. */
  putBack(path: string, afterMs: number): void {
    this.#taken.delete(path);
    this.#notBeforeMs.set(path, performance.now() + afterMs);
  }

  /** The file is done with for so long, as long as it is what it was. */
  finish(path: string, identity: FileIdentity, againInMs: number): void {
    this.#taken.delete(path);
    this.#settled.delete(path);
    this.#notBeforeMs.delete(path);
    this.#finished.set(path, { identity, againAtMs: performance.now() + againInMs });
  }

  /** What `status` shows. */
  snapshot(): DaemonSnapshot {
    const unfinished = this.#finder.waiting();
    const snapshot = emptySnapshot(this.#world.archive.server, this.#settings.folders);
    snapshot.queue.bulk.found.files = this.#ripe.length;
    return { ...snapshot, unfinished, lastScanAt: this.#lastScanAt.toISOString() };
  }

  #next(): FoundFile | null {
    const next = this.#ripe.shift() ?? null;
    if (next !== null) this.#taken.add(next.path);
    return next;
  }

  #isFinished(path: string, identity: FileIdentity): boolean {
    const finished = this.#finished.get(path);
    if (finished === undefined) return false;
    if (isSameIdentity(finished.identity, identity) && performance.now() < finished.againAtMs) return true;
    this.#finished.delete(path);
    return false;
  }
}
