import { lstat } from "node:fs/promises";
import { dirname } from "node:path";
import { returned, stateGone } from "../delivery/describe-file.ts";
import type { World } from "../delivery/world.ts";
import { type FileIdentity, isSameIdentity } from "../file-identity.ts";
import { Finder, type FinderSettings } from "../finding/finder.ts";
import type { FoundFile, Ledger, Standing } from "../finding/found-file.ts";
import { systemCode } from "../problems.ts";
import type { CaptureHints } from "../sidecars/index.ts";
import type { FileRecord } from "../state/file-record.ts";
import type { Classifier } from "./file-class.ts";
import type { Job, Scheduler } from "./scheduler.ts";
import type { WantedFiles } from "./wanted-files.ts";

/** Which files are looked for, and when one counts as finished. */
export type QueueSettings = Omit<FinderSettings, "stateFolder" | "folders"> & {
  folders: string[];
  /** A described file that is gone for so long will not come any more. */
  vanishedAfterMs: number;
  /** For how long a file that is done with and gone is remembered, in running time. */
  keepRecordsMs: number;
};

type Parts = {
  settings: QueueSettings;
  world: World;
  scheduler: Scheduler;
  classifier: Classifier;
  wanted: WantedFiles;
  /** Whether receipts are wanted: they are fetched once a recording is sealed. */
  wantsReceipts: () => boolean;
};

/** A file that the archive refused is offered again after so long: settings over there may have changed. */
const refusedAgainMs = 3_600_000;

/** Brings files into the queue: those that the state knows, those that are found; and notices those that are gone. */
export class Intake implements Ledger {
  readonly #parts: Parts;
  readonly #finder: Finder;
  /** Files that were described before and have to be looked at again; by path. */
  readonly #settled = new Map<string, FileIdentity>();
  /** Files that are left alone until a time of the monotonic clock; by path. */
  readonly #leftAlone = new Map<string, { identity: FileIdentity; untilMs: number }>();
  /** Files that were taken for deleted and are here; by path. */
  readonly #returned = new Set<string>();
  #hasToldOfSidecars = false;
  #scan = 0;
  #hasScanned = false;
  /** Watched folders of which the look under way, or the last one, saw a recording. */
  #roots = new Set<string>();
  #seenRoots: ReadonlySet<string> = this.#roots;
  lastScanAt: string | null = null;

  constructor(parts: Parts) {
    this.#parts = parts;
    const { settings, world } = parts;
    this.#finder = new Finder({ ...settings, stateFolder: world.store.folder }, (file, message) =>
      world.report({ event: "notice", file, message }),
    );
  }

  /**
   * Queues what the state says is under way; where receipts are wanted, also what is sealed and lacks its own, because a
   * life ended between the two.
   */
  async restore(): Promise<void> {
    const { world, scheduler, wantsReceipts } = this.#parts;
    for await (const record of world.store.all(["described", "sending", "delivered", "refused"])) {
      if (record.server !== world.archive.server) continue;
      if (record.phase === "refused") this.#settled.set(record.file, record.identity);
      else if (record.phase !== "delivered" || world.settings.waitsForSeal) this.queue(record, false);
    }
    if (wantsReceipts())
      for await (const record of world.store.lackingReceipts())
        if (record.server === world.archive.server) this.queue({ ...record, phase: "delivered" }, false);
    scheduler.wake();
  }

  /** Queues a described file. */
  queue(record: FileRecord, wakes = true): Job {
    const { scheduler, wanted, world } = this.#parts;
    return scheduler.offer(
      {
        path: record.file,
        class: wanted.has(record.file, record.sha256) ? "wanted" : record.class,
        stage: record.phase === "delivered" ? "delivered" : "described",
        sizeBytes: record.identity.sizeBytes,
        orderMs: orderOf(record.capturedFrom, record.identity),
        foundAtRunMs: record.foundAtRunMs ?? world.store.runMs,
        found: null,
      },
      wakes,
    );
  }

  /** Reads the folders once. */
  async scan(): Promise<void> {
    const { world, scheduler } = this.#parts;
    this.#scan += 1;
    this.#roots = new Set();
    const found = await this.#finder.scan(this, world.signal);
    for (const file of found) this.#offer(file);
    this.#seenRoots = this.#roots;
    this.lastScanAt = new Date().toISOString();
    await this.#noteReturned();
    await this.#lookForVanished();
    this.#hasScanned = true;
    scheduler.wake();
  }

  /** Whether every folder was read at least once. */
  get hasScanned(): boolean {
    return this.#hasScanned && this.#finder.unreadableFolders.length === 0;
  }

  /**
   * Whether a missing file may be away with its card or disk, by the last look: one that is gone from a folder that is
   * there, while others are still in it, was removed; a card takes all of its files along, and may come back. Null: the
   * file lies in no watched folder.
   */
  isAway(path: string): boolean | null {
    const root = this.#rootOf(path);
    if (root === undefined) return null;
    return !this.#seenRoots.has(root) || this.#finder.unreadableFolders.some((folder) => path.startsWith(`${folder}/`));
  }

  /** Takes other times. */
  setSettle(settleMs: number, incompleteAfterMs: number): void {
    this.#finder.setSettle({ settleMs, incompleteAfterMs });
  }

  /** Takes a recorder's word that a file is finished. @throws Problem "usage" */
  enqueue(said: Record<string, unknown>): Promise<void> {
    return this.#finder.enqueue(said);
  }

  /** A file that changed is found anew in the watched folders; elsewhere only a recorder's word leads to it. */
  async keepInView(path: string): Promise<void> {
    if (this.#rootOf(path) === undefined) await this.enqueue({ path });
  }

  /** The archive refused this file; it is left alone for a while. */
  leaveAlone(path: string, identity: FileIdentity): void {
    this.#settled.set(path, identity);
    this.#leftAlone.set(path, { identity, untilMs: performance.now() + refusedAgainMs });
  }

  standingOf(path: string, identity: FileIdentity): Standing {
    const { world, scheduler } = this.#parts;
    const root = this.#rootOf(path);
    if (root !== undefined) this.#roots.add(root);
    const job = scheduler.get(path);
    if (job !== null) Object.assign(job, { seenAtScan: this.#scan, missingSinceMs: null });
    const phase = world.store.phaseOf(world.archive.server, path, identity);
    if (phase === "refused") return this.#isLeftAlone(path, identity) ? "written" : job === null ? "new" : "taken";
    if (phase === "sealed" && world.store.isAway(world.archive.server, path)) this.#returned.add(path);
    if (phase !== null && phase !== "gone") return "written";
    // Described as it was before, and another one now: the queue finds out when its turn comes, or it does here.
    if (job === null) return "new";
    if (job.found !== null && isSameIdentity(job.found.identity, identity)) return "taken";
    return job.isInWork || job.notBeforeMs > performance.now() ? "taken" : "new";
  }

  settledAs(path: string): FileIdentity | null {
    return this.#settled.get(path) ?? null;
  }

  async sidecarsOf(path: string): Promise<readonly string[] | null> {
    const { world } = this.#parts;
    // Without a manifest none travels, and that is no news.
    if (world.chain === null) return null;
    const record = await world.store.read(world.archive.server, path);
    return record?.sidecars.map(({ name }) => name) ?? null;
  }

  mark(path: string, hints: CaptureHints): void {
    const { scheduler, classifier } = this.#parts;
    const job = scheduler.get(path);
    if (job?.class === "bulk" && classifier.classOf(path, hints) === "event") scheduler.setClass(job, "event");
  }

  /** Milliseconds until the next file may have settled. */
  get nextRipeMs(): number {
    return Math.max(this.#finder.nextDueMs, 50);
  }

  /** Files that are not finished yet; a hundred at most. */
  unfinished(): { file: string; reason: string }[] {
    return this.#finder.waiting();
  }

  #offer(file: FoundFile): void {
    const { scheduler, classifier, wanted, world } = this.#parts;
    const { path, identity, hints } = file;
    if (scheduler.get(path)?.isInWork === true) return;
    if (world.chain === null && file.sidecars.length > 0 && !this.#hasToldOfSidecars) {
      this.#hasToldOfSidecars = true;
      const message =
        "Sidecars stay on this device: with a plain token nothing signs for them. Enrol it, and they travel.";
      world.report({ event: "notice", file: path, message });
    }
    const job = scheduler.offer(
      {
        path,
        class: wanted.has(path, null) ? "wanted" : classifier.classOf(path, hints),
        stage: "found",
        sizeBytes: identity.sizeBytes,
        orderMs: orderOf(hints.capturedFrom, identity),
        foundAtRunMs: world.store.runMs,
        found: file,
      },
      false,
    );
    Object.assign(job, { seenAtScan: this.#scan, missingSinceMs: null });
  }

  #isLeftAlone(path: string, identity: FileIdentity): boolean {
    const left = this.#leftAlone.get(path);
    return left !== undefined && isSameIdentity(left.identity, identity) && performance.now() < left.untilMs;
  }

  // A card was away when its files were to be deleted: their turn comes again.
  async #noteReturned(): Promise<void> {
    const { wantsReceipts, world } = this.#parts;
    const { store, archive } = world;
    for (const path of this.#returned) {
      const record = await store.read(archive.server, path);
      if (record === null) continue;
      const here = returned(record);
      await store.write(here, false);
      if (here.receiptedAtRunMs === null && wantsReceipts()) this.queue({ ...here, phase: "delivered" }, false);
    }
    this.#returned.clear();
  }

  #rootOf(path: string): string | undefined {
    return this.#parts.settings.folders.find((folder) => path.startsWith(`${folder}/`));
  }

  async #lookForVanished(): Promise<void> {
    const { scheduler, settings, world } = this.#parts;
    const now = performance.now();
    for (const job of [...scheduler.jobs()]) {
      if (job.seenAtScan === this.#scan || job.isInWork) continue;
      if (job.stage === "found") {
        scheduler.drop(job.path, false);
        continue;
      }
      // Every byte is over there; whether it is here still does not matter.
      if (job.stage === "delivered") continue;
      if (this.isAway(job.path) === true || !(await isRemoved(job.path))) continue;
      job.missingSinceMs ??= now;
      if (now - job.missingSinceMs < settings.vanishedAfterMs) continue;
      scheduler.hold(job);
      const record = await world.store.read(world.archive.server, job.path);
      if (record !== null) {
        await stateGone(record, "vanished", world);
        if (record.sequence === null || world.chain === null) await world.store.remove(record);
      }
      scheduler.drop(job.path, false);
      world.report({ event: "notice", file: job.path, message: "it was removed before it could be sent" });
    }
  }
}

/** ECMA-262, 21.4.1.1: no date is further from 1970. A file's time may be. */
const maxDateMs = 8.64e15;

function orderOf(capturedFrom: string | null, identity: FileIdentity): number {
  const captured = capturedFrom === null ? Number.NaN : Date.parse(capturedFrom);
  const orderMs = Number.isNaN(captured) ? identity.modifiedMs : captured;
  return Math.min(Math.max(orderMs, -maxDateMs), maxDateMs);
}

async function isRemoved(path: string): Promise<boolean> {
  try {
    await lstat(path);
    return false;
  } catch (error) {
    if (systemCode(error) !== "ENOENT") return false;
  }
  return lstat(dirname(path)).then(
    (folder) => folder.isDirectory(),
    () => false,
  );
}
