import { type DaemonSnapshot, emptySnapshot } from "../daemon-snapshot.ts";
import type { World } from "../delivery/world.ts";
import { type FileIdentity, isSameIdentity, readIdentity } from "../file-identity.ts";
import { Interrupted, messageOf } from "../problems.ts";
import { type SettleSettings, SettleWatch } from "../ready-file.ts";
import { listFiles } from "./list-files.ts";

/** Which files are looked for, and when one counts as finished. */
export type QueueSettings = {
  /** Absolute paths. */
  folders: string[];
  extensions: ReadonlySet<string>;
  settle: SettleSettings;
};

/** A file that is done with, as long as it stays what it was. */
type Finished = { identity: FileIdentity; againAtMs: number };

/** A finished file in the order of its age. */
type Ripe = { watch: SettleWatch; modifiedMs: number };

/** The files in the watched folders on their way from "seen" over "finished being written" to a worker. */
export class FolderQueue {
  readonly #settings: QueueSettings;
  readonly #world: World;
  /** Seen and not finished with, by path. */
  readonly #watched = new Map<string, SettleWatch>();
  readonly #finished = new Map<string, Finished>();
  /** Paths with a worker or on the way to one. */
  readonly #taken = new Set<string>();
  /** When a file that was put back may be tried again, by path. */
  readonly #notBeforeMs = new Map<string, number>();
  #ripe: Ripe[] = [];
  #takers: ((watch: SettleWatch) => void)[] = [];
  #toldUnreadable = new Set<string>();
  #nextRipeMs = Number.POSITIVE_INFINITY;
  #lastScanAt = new Date();

  private constructor(settings: QueueSettings, world: World) {
    this.#settings = settings;
    this.#world = world;
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
      else queue.#watched.set(record.file, new SettleWatch(record.file, settings.settle, record.identity));
    }
    return queue;
  }

  /** Reads the folders once: notes what changed, forgets what is gone, and hands on what is ripe, oldest first. */
  async scan(): Promise<void> {
    const seen = new Set<string>();
    this.#nextRipeMs = Number.POSITIVE_INFINITY;
    const ripe: Ripe[] = [];
    const onUnreadable = (folder: string, error: unknown) => this.#tellUnreadable(folder, error);
    for (const folder of this.#settings.folders) {
      for await (const path of listFiles(folder, this.#settings.extensions, onUnreadable)) {
        if (this.#world.signal.aborted) throw new Interrupted();
        if (seen.has(path)) continue;
        seen.add(path);
        if (this.#taken.has(path)) continue;
        const identity = await readIdentity(path).catch(() => null);
        if (identity === null || this.#isFinished(path, identity)) continue;
        const watch = this.#watched.get(path) ?? new SettleWatch(path, this.#settings.settle);
        this.#watched.set(path, watch);
        if ((this.#notBeforeMs.get(path) ?? 0) > performance.now()) continue;
        if (watch.note(identity)) ripe.push({ watch, modifiedMs: identity.modifiedMs });
        else if (identity.sizeBytes > 0)
          this.#nextRipeMs = Math.min(this.#nextRipeMs, this.#settings.settle.settleMs - watch.unchangedMs);
      }
    }
    for (const path of [...this.#watched.keys()]) if (!seen.has(path)) this.#watched.delete(path);
    for (const path of [...this.#notBeforeMs.keys()]) if (!seen.has(path)) this.#notBeforeMs.delete(path);
    for (const path of [...this.#finished.keys()]) if (!seen.has(path)) this.#finished.delete(path);
    this.#lastScanAt = new Date();
    ripe.sort((a, b) => a.modifiedMs - b.modifiedMs);
    this.#ripe = ripe;
    for (let taker = this.#takers.shift(); taker !== undefined; taker = this.#takers.shift()) {
      const next = this.#next();
      if (next === null) {
        this.#takers.unshift(taker);
        break;
      }
      taker(next);
    }
  }

  /** Milliseconds until the next file may have settled; a poll a second where files grow. */
  nextRipeMs(): number {
    return this.#watched.size > this.#ripe.length + this.#taken.size
      ? Math.max(Math.min(this.#nextRipeMs, this.#settings.settle.settleMs), 50)
      : Number.POSITIVE_INFINITY;
  }

  /** The oldest ripe file; waits until there is one. @throws Interrupted */
  take(signal: AbortSignal): Promise<SettleWatch> {
    return new Promise((resolve, reject) => {
      if (signal.aborted) return reject(new Interrupted());
      const next = this.#next();
      if (next !== null) return resolve(next);
      const onAbort = () => reject(new Interrupted());
      signal.addEventListener("abort", onAbort, { once: true });
      this.#takers.push((watch) => {
        signal.removeEventListener("abort", onAbort);
        resolve(watch);
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
    this.#watched.delete(path);
    this.#notBeforeMs.delete(path);
    this.#finished.set(path, { identity, againAtMs: performance.now() + againInMs });
  }

  /** What `status` shows. */
  snapshot(): DaemonSnapshot {
    const unfinished: DaemonSnapshot["unfinished"] = [];
    for (const [file, watch] of this.#watched) {
      if (watch.isSettled || this.#taken.has(file)) continue;
      if (unfinished.length === 100) break;
      unfinished.push({ file, reason: watch.sizeBytes === 0 ? "empty" : "not finished" });
    }
    const snapshot = emptySnapshot(this.#world.archive.server, this.#settings.folders);
    snapshot.queue.bulk.found.files = this.#ripe.length;
    return { ...snapshot, unfinished, lastScanAt: this.#lastScanAt.toISOString() };
  }

  #next(): SettleWatch | null {
    const next = this.#ripe.shift();
    if (next === undefined) return null;
    this.#taken.add(next.watch.path);
    return next.watch;
  }

  #isFinished(path: string, identity: FileIdentity): boolean {
    const finished = this.#finished.get(path);
    if (finished === undefined) return false;
    if (isSameIdentity(finished.identity, identity) && performance.now() < finished.againAtMs) return true;
    this.#finished.delete(path);
    return false;
  }

  #tellUnreadable(folder: string, error: unknown): void {
    if (this.#toldUnreadable.has(folder)) return;
    this.#toldUnreadable.add(folder);
    this.#world.report({ event: "notice", file: null, message: `${folder} cannot be read: ${messageOf(error)}` });
  }
}
