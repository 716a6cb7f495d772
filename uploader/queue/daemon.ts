import { type DeviceSettings, type Heartbeat, parseSha256Hex } from "../../lib/protocol/index.ts";
import type { ChainHead } from "../chain/chain.ts";
import { type DaemonSnapshot, writeSnapshot } from "../daemon-snapshot.ts";
import { Deletion, type DeletionSettings } from "../deletion/deletion.ts";
import { type DiskSpace, readDiskSpace } from "../deletion/disk-space.ts";
import { Forgetting } from "../deletion/forgetting.ts";
import type { World } from "../delivery/world.ts";
import { sleep } from "../patience.ts";
import { Interrupted, messageOf } from "../problems.ts";
import type { Recorders } from "../recorder/recorders.ts";
import type { Report } from "../report/events.ts";
import { explainOrphans } from "./explain-orphans.ts";
import { Classifier } from "./file-class.ts";
import { stateGaps } from "./gap-lane.ts";
import { Intake, type QueueSettings } from "./intake.ts";
import { Lanes } from "./lanes.ts";
import { ProgressBoard } from "./progress-board.ts";
import { Scheduler } from "./scheduler.ts";
import { sendStatements } from "./statement-lane.ts";
import { takeSnapshot } from "./take-snapshot.ts";
import { isWanted, type Wanted, WantedFiles } from "./wanted-files.ts";

const snapshotEveryMs = 1000;
const upkeepEveryMs = 30_000;
const letsGoAfter = 3;

type WantedResults = NonNullable<Heartbeat["wantedResults"]>;

/** The uploader's heart: brings files from where they were found to their receipts, and tells how it goes. */
export class Daemon {
  readonly #world: World;
  readonly #settings: QueueSettings;
  readonly #scheduler: Scheduler;
  readonly #classifier: Classifier;
  readonly #wanted = new WantedFiles();
  readonly #intake: Intake;
  readonly #lanes: Lanes;
  readonly #deletion: Deletion;
  readonly #forgetting: Forgetting;
  readonly #board = new ProgressBoard();
  readonly #startedAtMs = performance.now();
  readonly #startedAt = new Date().toISOString();
  /** Files that are being deleted. */
  readonly #claimed = new Set<string>();
  #deletionSettings: DeletionSettings;
  #space: DiskSpace | null = null;
  #settleMs: number;
  #recorders: Recorders | null = null;
  #parallel = 0;
  #deleting: Promise<void> = Promise.resolve();
  readonly #working: Promise<void>[] = [];

  private constructor(settings: QueueSettings, deviceSettings: DeviceSettings, given: World) {
    this.#settings = settings;
    this.#settleMs = settings.settle.settleMs;
    this.#deletionSettings = deviceSettings.deletion;
    const report: Report = (event) => {
      if (this.#board.note(event)) this.#lanes.progress();
      given.report(event);
    };
    const letsGo = (failures: number) => failures >= letsGoAfter && this.#lanes.hasOthers();
    const world = { ...given, report, letsGo };
    this.#world = world;
    this.#scheduler = new Scheduler({ whyNot: (fileClass) => world.traffic.whyNot(fileClass) });
    this.#classifier = new Classifier(settings.folders);
    const scheduler = this.#scheduler;
    const wantsReceipts = () => world.identity !== null || this.#deletionSettings.policy !== "never";
    this.#intake = new Intake({
      ...{ settings, world, scheduler, wantsReceipts },
      ...{ classifier: this.#classifier, wanted: this.#wanted },
    });
    this.#deletion = new Deletion({
      world,
      folders: settings.folders,
      settings: () => this.#deletionSettings,
      claim: (path) => this.#claim(path),
      release: (path, isGone) => this.#release(path, isGone),
    });
    this.#forgetting = new Forgetting({
      world,
      isAway: (path) => this.#intake.isAway(path),
      keepMs: settings.keepRecordsMs,
      claim: (path) => scheduler.get(path) === null && this.#claim(path),
      release: (path) => this.#release(path, false),
    });
    this.#lanes = new Lanes({
      world,
      scheduler,
      intake: this.#intake,
      settleMs: () => this.#settleMs,
      wantsReceipts,
      // With a hold time there is nothing that hurries.
      onSealed: async () => (this.#deletionSettings.holdHours === 0 ? this.#deleteNow() : undefined),
    });
  }

  /** Starts with what the state says is under way. */
  static async open(settings: QueueSettings, deviceSettings: DeviceSettings, world: World): Promise<Daemon> {
    const daemon = new Daemon(settings, deviceSettings, world);
    await daemon.#intake.restore();
    return daemon;
  }

  /** Takes over settings; they hold at once. */
  apply(settings: DeviceSettings): void {
    this.#deletionSettings = settings.deletion;
    this.#scheduler.order = settings.order;
    this.#classifier.set(settings.events);
    this.#settleMs = settings.find.settleSeconds * 1000;
    this.#intake.setSettle(this.#settleMs, settings.find.incompleteAfterSeconds * 1000);
    this.#setParallel(settings.transfer.parallel);
    this.#scheduler.wake();
  }

  /** Files that the archive asks for now go first. @returns what became of each */
  async want(wanted: readonly Wanted[]): Promise<WantedResults> {
    this.#wanted.set(wanted);
    const { store, archive } = this.#world;
    const results: WantedResults = [];
    for (const one of wanted) {
      const sha256 = one.sha256 === undefined ? null : parseSha256Hex(one.sha256);
      const withContent = sha256 === null ? [] : await store.findByContent(archive.server, sha256);
      const paths = new Map(withContent.map((record) => [record.file, record.sha256]));
      let outcome: WantedResults[number]["outcome"] = "not_found";
      for (const job of this.#scheduler.jobs()) {
        if (!isWanted(one, job.path, paths.get(job.path) ?? null)) continue;
        this.#scheduler.setClass(job, "wanted");
        outcome = job.isInWork && job.stage === "described" ? "sending" : "queued";
      }
      // Sealed long ago: the archive will see that it has it.
      if (outcome === "not_found" && withContent.some(({ phase }) => phase === "sealed")) outcome = "queued";
      results.push({ id: one.id, outcome });
    }
    this.#scheduler.wake();
    return results;
  }

  /** The archive says how far the device's chain has come there. */
  chainSeen(head: ChainHead | null): void {
    void this.#world.chain?.seen(head).catch((error: unknown) => this.#say(messageOf(error)));
  }

  /** Takes a recorder's word that a file is finished. @throws Problem "usage" */
  enqueue(said: Record<string, unknown>): Promise<void> {
    return this.#intake.enqueue(said);
  }

  /** Reads the folders once. */
  async scan(): Promise<void> {
    await this.#intake.scan();
    await this.#forgetting.pass().catch((error: unknown) => this.#say(messageOf(error)));
  }

  /** Milliseconds until the next file may have settled. */
  get nextRipeMs(): number {
    return this.#intake.nextRipeMs;
  }

  /** Takes what is recorded beside into its snapshots. */
  showRecorders(recorders: Recorders): void {
    this.#recorders = recorders;
  }

  /** What the daemon says of itself now. */
  snapshot(): DaemonSnapshot {
    return takeSnapshot({
      world: this.#world,
      folders: this.#settings.folders,
      startedAt: this.#startedAt,
      startedAtMs: this.#startedAtMs,
      scheduler: this.#scheduler,
      intake: this.#intake,
      board: this.#board,
      resting: () => this.#lanes.resting,
      space: () => this.#space,
      deletion: () => this.#deletion.view,
      recorders: () => this.#recorders?.status() ?? [],
      alarms: () => [
        ...[this.#world.store.alarm, this.#deletion.alarm].filter((alarm) => alarm !== null),
        ...(this.#recorders?.alarms() ?? []),
      ],
    });
  }

  /** Works until the world ends. */
  async work(): Promise<void> {
    const world = this.#world;
    const stop = world.traffic.onChange(() => this.#scheduler.wake());
    this.#start(() => this.#describe());
    this.#start(() => this.#lanes.work("control"));
    this.#start(() => this.#lanes.work("confirm"));
    this.#start(() => this.#keepSnapshot());
    this.#start(() => this.#upkeep());
    if (world.chain !== null) {
      const { chain } = world;
      this.#start(() => sendStatements(chain, world));
      this.#start(() => stateGaps(chain, world));
    }
    // Lanes may be added while others work.
    for (let at = 0; at < this.#working.length; at++) await this.#working[at];
    stop();
    this.#scheduler.close();
    await writeSnapshot(world.store.folder, this.snapshot()).catch(() => undefined);
  }

  // Before it is known where the next link of the chain goes, nothing is signed.
  async #describe(): Promise<void> {
    const { chain, signal } = this.#world;
    if (chain !== null) {
      const stopped = new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve(), { once: true }));
      await Promise.race([chain.anchored, stopped]);
    }
    await this.#lanes.work("describe");
  }

  #start(act: () => Promise<void>): void {
    const done = act().catch((error: unknown) => {
      if (error instanceof Interrupted || this.#world.signal.aborted) return;
      this.#say(`The uploader stops, because something unforeseen happened: ${messageOf(error)}`);
      throw error;
    });
    this.#working.push(done);
  }

  #setParallel(parallel: number): void {
    this.#scheduler.parallel = parallel;
    for (; this.#parallel < parallel; this.#parallel++) this.#start(() => this.#lanes.work("bulk"));
  }

  async #keepSnapshot(): Promise<void> {
    for (;;) {
      this.#board.keepOnly(new Set([...this.#scheduler.inWork()].map(({ path }) => path)));
      await writeSnapshot(this.#world.store.folder, this.snapshot()).catch(() => undefined);
      await sleep(snapshotEveryMs, this.#world.signal);
    }
  }

  async #upkeep(): Promise<void> {
    const { store, signal } = this.#world;
    for (;;) {
      this.#space = await readDiskSpace(this.#settings.folders[0] ?? store.folder);
      await store.tick().catch(() => undefined);
      await store.upkeep();
      await this.#deleteNow().catch((error: unknown) => this.#say(messageOf(error)));
      await this.#explainOrphans().catch((error: unknown) => this.#say(messageOf(error)));
      await sleep(upkeepEveryMs, signal);
    }
  }

  #deleteNow(): Promise<void> {
    this.#deleting = this.#deleting.then(() => this.#deletion.pass());
    return this.#deleting;
  }

  // Manifests whose file never turned up, after a journal was lost.
  async #explainOrphans(): Promise<void> {
    const { chain, archive, signal } = this.#world;
    const isSettled = performance.now() - this.#startedAtMs > this.#settings.vanishedAfterMs;
    if (chain === null || !this.#intake.hasScanned || !isSettled) return;
    for (const job of this.#scheduler.jobs()) if (job.stage === "found") return;
    await explainOrphans(chain, archive, signal);
  }

  #claim(path: string): boolean {
    const job = this.#scheduler.get(path);
    if (job?.isInWork === true || this.#claimed.has(path)) return false;
    this.#claimed.add(path);
    if (job !== null) this.#scheduler.hold(job);
    return true;
  }

  #release(path: string, isGone: boolean): void {
    this.#claimed.delete(path);
    const job = this.#scheduler.get(path);
    if (isGone) this.#scheduler.drop(path);
    else if (job !== null) this.#scheduler.putBack(job);
  }

  #say(message: string): void {
    this.#world.report({ event: "notice", file: null, message });
  }
}
