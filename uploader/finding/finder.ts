import type { Stats } from "node:fs";
import { lstat, rm } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { type FileIdentity, identityOf, isSameIdentity } from "../file-identity.ts";
import { Interrupted, messageOf, systemCode } from "../problems.ts";
import { type NotYet, openFinished, type ReadyFile, type SettleSettings } from "../ready-file.ts";
import { type CaptureHints, mergeHints, noHints } from "../sidecars/index.ts";
import { Candidate } from "./candidate.ts";
import { type Clock, systemClock } from "./clock.ts";
import { companionNames } from "./companions.ts";
import { dropEnqueue, type EnqueueDrop, readDrops } from "./enqueue-drop.ts";
import { companionsBeside, sidecarNames } from "./find-beside.ts";
import type { CompletionProof, FoundFile, Ledger } from "./found-file.ts";
import { type FolderListing, readFolders } from "./read-folders.ts";
import { digestOf, RenameWatch } from "./rename-watch.ts";
import { SegmentList } from "./segment-list.ts";

/** Where recordings are looked for, and when one counts as finished. */
export type FinderSettings = {
  /** Absolute paths. */
  folders: readonly string[];
  extensions: ReadonlySet<string>;
  settle: SettleSettings;
  /** Files in which a recorder lists what it has finished. */
  segmentLists: readonly string[];
  /** How long a finished recording waits for sidecars that may still come. */
  sidecarWaitMs: number;
  /** Where enqueued files are noted; null: nothing is enqueued. */
  stateFolder: string | null;
};

/** A file that is not offered yet, for `status`. */
export type Waiting = { file: string; reason: string };

const maxTold = 100;

/**
 * Finds finished recordings. Each scan reads every folder anew and says which files may be taken now; change notices
 * may bring a scan forward, but nothing depends on them.
 */
export class Finder {
  readonly #settings: FinderSettings;
  readonly #settle: SettleSettings;
  readonly #clock: Clock;
  readonly #tell: (file: string | null, message: string) => void;
  readonly #renames: RenameWatch;
  readonly #lists: SegmentList[];
  readonly #candidates = new Map<string, Candidate>();
  readonly #drops = new Map<string, EnqueueDrop[]>();
  readonly #told = new Set<string>();
  readonly #unusable: Waiting[] = [];
  /** Digests of recordings with their sidecars that were compared with what had travelled. */
  #sidecarsBefore = new Set<number>();
  #sidecarsNow = new Set<number>();
  #unreadable: string[] = [];
  #nextDueMs = Number.POSITIVE_INFINITY;

  /** @param tell takes what a person should know, once for each thing */
  constructor(settings: FinderSettings, tell: (file: string | null, message: string) => void, clock = systemClock) {
    this.#settings = settings;
    this.#settle = { ...settings.settle };
    this.#clock = clock;
    this.#tell = tell;
    this.#renames = new RenameWatch(clock);
    this.#lists = settings.segmentLists.map((path) => new SegmentList(path));
  }

  /** Takes other times, as the archive's settings for this device may bring them. */
  setSettle(settle: SettleSettings): void {
    Object.assign(this.#settle, settle);
  }

  /** Notes durably that a recorder calls a file finished; the next scan offers it. @throws Problem "usage" */
  async enqueue(said: Record<string, unknown>): Promise<void> {
    if (this.#settings.stateFolder !== null) await dropEnqueue(this.#settings.stateFolder, said);
  }

  /**
   * Reads everything once.
   *
   * @returns finished files that the ledger calls new, oldest first
   * @throws Interrupted
   */
  async scan(ledger: Ledger, signal: AbortSignal): Promise<FoundFile[]> {
    this.#nextDueMs = Number.POSITIVE_INFINITY;
    this.#sidecarsBefore = this.#sidecarsNow;
    this.#sidecarsNow = new Set();
    this.#unreadable = [];
    this.#unusable.length = 0;
    const scanned: Scanned = { found: [], seen: new Set(), ledger };
    await this.#readLists();
    await this.#readDrops();
    this.#renames.begin();
    const onUnreadable = (folder: string, error: unknown) => {
      this.#unreadable.push(folder);
      this.#tellOnce(`unreadable ${folder}`, null, `${folder} cannot be read: ${messageOf(error)}`);
    };
    for (const folder of this.#settings.folders)
      for await (const listing of readFolders(folder, this.#settings.extensions, onUnreadable)) {
        this.#told.delete(`unreadable ${listing.folder}`);
        await this.#scanFolder(listing, scanned, signal);
      }
    this.#renames.end();
    await this.#scanDropsElsewhere(scanned, signal);
    for (const path of this.#candidates.keys()) if (!scanned.seen.has(path)) this.#candidates.delete(path);
    return scanned.found.sort((a, b) => a.identity.modifiedMs - b.identity.modifiedMs);
  }

  /** Milliseconds until a file that waits may be ripe. */
  get nextDueMs(): number {
    return this.#nextDueMs;
  }

  /** Folders that the last scan could not read: what lay there is not gone, it is away. */
  get unreadableFolders(): readonly string[] {
    return this.#unreadable;
  }

  /** Files that are not offered yet, and why; some of them when there are many. */
  waiting(): Waiting[] {
    const waiting = this.#unusable.slice(0, maxTold);
    for (const [file, candidate] of this.#candidates) {
      if (waiting.length >= maxTold) break;
      if (candidate.reason !== null) waiting.push({ file, reason: candidate.reason });
    }
    return waiting;
  }

  async #readLists(): Promise<void> {
    for (const list of this.#lists)
      await list.read().then(
        () => this.#told.delete(`list ${list.path}`),
        (error: unknown) =>
          this.#tellOnce(`list ${list.path}`, null, `${list.path} cannot be read: ${messageOf(error)}`),
      );
  }

  async #readDrops(): Promise<void> {
    const { stateFolder } = this.#settings;
    if (stateFolder === null) return;
    this.#drops.clear();
    for (const drop of await readDrops(stateFolder, (problem) => this.#tell(null, problem)))
      this.#drops.set(drop.path, [...(this.#drops.get(drop.path) ?? []), drop]);
  }

  async #scanFolder(listing: FolderListing, scanned: Scanned, signal: AbortSignal): Promise<void> {
    const { folder, companions, unusableNames } = listing;
    for (const name of unusableNames) {
      const file = join(folder, name);
      const problem = "its name is not valid UTF-8; rename it, and it will be sent";
      if (this.#unusable.length < maxTold) this.#unusable.push({ file, reason: problem });
      this.#tellOnce(`name ${file}`, file, problem);
    }
    await this.#renames.notePartials(listing);
    for (const name of listing.recordings) {
      if (signal.aborted) throw new Interrupted();
      const path = join(folder, name);
      if (scanned.seen.has(path)) continue;
      const stats = await lstat(path).catch(() => null);
      if (stats === null || !stats.isFile()) continue;
      scanned.seen.add(path);
      const isRenamed = this.#renames.isRenamed(path, listing, stats);
      await this.#judge({ path, stats, isRenamed, companions }, scanned);
    }
  }

  /** What was enqueued and lies in no watched folder. */
  async #scanDropsElsewhere(scanned: Scanned, signal: AbortSignal): Promise<void> {
    for (const [path, drops] of this.#drops) {
      if (signal.aborted) throw new Interrupted();
      if (scanned.seen.has(path)) continue;
      try {
        const stats = await lstat(path);
        if (!stats.isFile()) await this.#refuseDrops(path, drops, "is no regular file");
        else {
          scanned.seen.add(path);
          const companions = await companionsBeside(path);
          await this.#judge({ path, stats, isRenamed: false, companions }, scanned);
        }
      } catch (error) {
        const isFolderThere = await lstat(dirname(path)).then(
          (folder) => folder.isDirectory(),
          () => false,
        );
        // A card or disk that is away may come back; a file that is gone from a folder that is there will not.
        if (systemCode(error) === "ENOENT" && isFolderThere) await this.#refuseDrops(path, drops, "does not exist");
        else this.#tellOnce(`drop ${path}`, path, `it was enqueued and cannot be reached: ${messageOf(error)}`);
      }
    }
  }

  async #refuseDrops(path: string, drops: readonly EnqueueDrop[], why: string): Promise<void> {
    this.#tell(path, `It was enqueued, but ${path} ${why}.`);
    for (const { file } of drops) await rm(file, { force: true });
  }

  async #judge(seen: Seen, { found, ledger }: Scanned): Promise<void> {
    const { path, stats, companions } = seen;
    const identity = identityOf(stats);
    const said = this.#hintsBeside(path, companions);
    const standing = ledger.standingOf(path, identity);
    if (standing !== "new") {
      const isSeenIncomplete = this.#candidates.get(path)?.isIncomplete === true && standing === "taken";
      if (!isSeenIncomplete) this.#candidates.delete(path);
      for (const list of this.#lists) list.forget(path);
      if (said !== noHints) ledger.mark(path, said);
      if (standing === "written") await this.#tellLateSidecars(path, companions, ledger);
      if (standing === "written") for (const { file } of this.#drops.get(path) ?? []) await rm(file, { force: true });
      return;
    }
    const candidate =
      this.#candidates.get(path) ?? new Candidate(path, this.#settle, ledger.settledAs(path), this.#clock);
    this.#candidates.set(path, candidate);
    candidate.note(identity, seen.isRenamed);
    const proof = await this.#proofOf(candidate, identity, companions);
    const dueMs = candidate.dueMs(proof !== null, this.#settings.sidecarWaitMs);
    if (proof === null || identity.sizeBytes === 0 || dueMs > 0) {
      this.#nextDueMs = Math.min(this.#nextDueMs, dueMs);
      return;
    }
    const names = companionNamesIn(path, companions, sidecarNames);
    const { sidecars, badSidecars, isWaiting } = await candidate.checkSidecars(names);
    if (isWaiting) {
      this.#nextDueMs = Math.min(this.#nextDueMs, this.#settle.settleMs);
      return;
    }
    const hints = sidecars.reduce((merged, sidecar) => mergeHints(merged, sidecar.hints), said);
    const ready = () => takeFile(candidate, proof, identity);
    found.push({ path, identity, proof, hints, sidecars, badSidecars, ready });
  }

  /** The surest proof that the file is finished. */
  async #proofOf(
    candidate: Candidate,
    identity: FileIdentity,
    companions: ReadonlySet<string>,
  ): Promise<CompletionProof | null> {
    const { path } = candidate;
    if (candidate.isRenamed) return "renamed";
    for (const name of companionNamesIn(path, companions, (recording) => companionNames(recording, ".done"))) {
      const marker = await lstat(join(dirname(path), name)).catch(() => null);
      // A recording that went on growing after its marker is not proven by it.
      if (marker?.isFile() && identity.changedMs <= marker.ctimeMs) return "marker";
    }
    if (this.#drops.get(path)?.some(({ droppedMs }) => identity.changedMs <= droppedMs)) return "hook";
    if (this.#lists.some((list) => list.names(path, identity))) return "list";
    return candidate.isSettled ? "settled" : null;
  }

  #hintsBeside(path: string, companions: ReadonlySet<string>): CaptureHints {
    const [event] = companionNamesIn(path, companions, (recording) => companionNames(recording, ".event"));
    const said = event === undefined ? noHints : { ...noHints, isEvent: true };
    return (this.#drops.get(path) ?? []).reduce((merged, { hints }) => mergeHints(hints, merged), said);
  }

  async #tellLateSidecars(path: string, companions: ReadonlySet<string>, ledger: Ledger): Promise<void> {
    const names = companionNamesIn(path, companions, sidecarNames);
    // Asked once for each set of names, and not with every scan.
    const key = digestOf(`${path}\n${names.join("\n")}`);
    const isKnown = this.#sidecarsBefore.has(key);
    if (names.length > 0) this.#sidecarsNow.add(key);
    const sent = names.length === 0 || isKnown ? null : await ledger.sidecarsOf(path);
    for (const name of sent === null ? [] : names)
      if (!sent?.includes(name))
        this.#tell(
          path,
          `${name} stays on the disk and does not travel: it is not right, or came after the recording was described.`,
        );
  }

  #tellOnce(key: string, file: string | null, message: string): void {
    if (this.#told.has(key)) return;
    this.#told.add(key);
    this.#tell(file, message);
  }
}

type Scanned = { found: FoundFile[]; seen: Set<string>; ledger: Ledger };
type Seen = { path: string; stats: Stats; isRenamed: boolean; companions: ReadonlySet<string> };

function companionNamesIn(
  path: string,
  companions: ReadonlySet<string>,
  namesFor: (recording: string) => string[],
): string[] {
  return companions.size === 0 ? [] : namesFor(basename(path)).filter((name) => companions.has(name));
}

/**
 * Takes a file that was proven finished in one identity, and in no other. Only one that merely lay still must reach
 * its end or wait longer: of the others the recorder itself said that there is no more to come.
 */
async function takeFile(
  candidate: Candidate,
  proof: CompletionProof,
  proven: FileIdentity,
): Promise<ReadyFile | NotYet> {
  if (proof === "settled") return candidate.look();
  return openFinished(candidate.path, (identity) =>
    isSameIdentity(identity, proven) ? null : { waitFor: "growing", detail: "it changed after it was called finished" },
  );
}
