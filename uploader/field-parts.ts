import type { Server } from "node:http";
import type { DeviceSettings, Heartbeat, HeartbeatAnswer } from "../lib/protocol/index.ts";
import type { DaemonSnapshot } from "./daemon-snapshot.ts";
import type { World } from "./delivery/world.ts";
import { FleetClient } from "./fleet/fleet-client.ts";
import { type MetricsAddress, serveMetrics } from "./metrics/metrics-server.ts";
import { metricsText } from "./metrics/metrics-text.ts";
import { sleep } from "./patience.ts";
import { Interrupted } from "./problems.ts";
import { Liveness } from "./service/liveness.ts";
import { type ServiceEnvironment, ServiceNotifier } from "./service/service-notifier.ts";
import { mergeSettings, type SettingSources } from "./settings/merge.ts";
import { RemoteConfig } from "./settings/remote-config.ts";

/** What the daemon's surroundings ask of it. */
export type FieldSettings = {
  uploaderVersion: string;
  /** Null: no metrics. */
  metrics: MetricsAddress | null;
  service: ServiceEnvironment;
  sources: Omit<SettingSources, "remote">;
};

/** What the daemon gives the parts that watch it. */
export type FieldHooks = {
  snapshot: () => DaemonSnapshot;
  /** Other settings hold now. Throws when they cannot be applied. */
  apply: (settings: DeviceSettings) => void;
  /** Files that the archive asks for now. @returns what became of each */
  want?: (files: HeartbeatAnswer["wanted"]) => Promise<NonNullable<Heartbeat["wantedResults"]>>;
  rotateKey?: () => Promise<void>;
  chainSeen?: (head: HeartbeatAnswer["chain"]) => void;
};

/** Longer without a look at the folders, or without anything that moves while something is sent, is standing still. */
const limitsMs = { folders: 1_200_000, queue: 1_200_000 };
const lookEveryMs = 5000;

/**
 * The parts of the daemon that watch rather than deliver: heartbeats and the archive's configuration, metrics, and word
 * to systemd. None of them can hold up a recording.
 */
export class FieldParts {
  readonly #settings: FieldSettings;
  readonly #world: World;
  readonly #remote: RemoteConfig;
  readonly #liveness = new Liveness(limitsMs);
  #effective: DeviceSettings;

  private constructor(settings: FieldSettings, world: World, remote: RemoteConfig) {
    this.#settings = settings;
    this.#world = world;
    this.#remote = remote;
    this.#effective = this.#merged();
  }

  /** Reads what the archive has configured. Call with the daemon's lock held. */
  static async open(settings: FieldSettings, world: World): Promise<FieldParts> {
    const remote = await RemoteConfig.open(world.store.folder);
    // Where the start cannot be counted, on a full disk, nothing is kept from starting.
    await remote.started().catch(() => false);
    return new FieldParts(settings, world, remote);
  }

  /** The settings that hold now. */
  get effective(): DeviceSettings {
    return this.#effective;
  }

  /** The folders were looked at. */
  lookedAtFolders(): void {
    this.#liveness.beat("folders");
  }

  /**
   * Begins to work, until the world's signal is aborted.
   *
   * @throws Problem "usage" when the metrics cannot be served
   */
  async start(hooks: FieldHooks): Promise<{ ended: Promise<unknown> }> {
    const { signal, archive, clock, traffic, store, report } = this.#world;
    const { uploaderVersion, metrics, service } = this.#settings;
    const notifier = new ServiceNotifier(service);
    const fleet = new FleetClient({
      archive,
      stateFolder: store.folder,
      uploaderVersion,
      snapshot: hooks.snapshot,
      clock,
      link: () => traffic.link,
      remote: this.#remote,
      heartbeatSeconds: () => this.#effective.heartbeatSeconds,
      handlers: {
        settingsChanged: () => this.#apply(hooks),
        want: async (files) => (await hooks.want?.(files)) ?? [],
        rotateKey: async () => hooks.rotateKey?.(),
        chainSeen: (head) => hooks.chainSeen?.(head),
      },
      report,
    });
    this.#apply(hooks);
    let server: Server | null = null;
    if (metrics !== null)
      server = await serveMetrics(metrics, () => metricsText(hooks.snapshot(), fleet.view(), uploaderVersion));
    await notifier.ready("Looking at the folders");
    const ended = Promise.allSettled([
      fleet.run(signal),
      this.#watchQueue(hooks.snapshot),
      notifier.watch(this.#liveness, () => statusLine(hooks.snapshot()), signal),
    ]).finally(async () => {
      server?.close();
      await notifier.stopping();
    });
    return { ended };
  }

  #merged(): DeviceSettings {
    return mergeSettings({ ...this.#settings.sources, remote: this.#remote.settings }).settings;
  }

  #apply(hooks: FieldHooks): void {
    const settings = this.#merged();
    this.#world.traffic.setSettings(settings.transfer);
    hooks.apply(settings);
    this.#effective = settings;
  }

  // Nothing to send, or a reason to wait, is as good as progress.
  async #watchQueue(snapshot: () => DaemonSnapshot): Promise<void> {
    let before = "";
    try {
      for (;;) {
        const { sending, waiting, counters } = snapshot();
        const now = JSON.stringify([sending.map(({ file, acknowledgedBytes }) => [file, acknowledgedBytes]), counters]);
        if (now !== before || sending.length === 0 || waiting !== null) this.#liveness.beat("queue");
        before = now;
        await sleep(lookEveryMs, this.#world.signal);
      }
    } catch (error) {
      if (!(error instanceof Interrupted)) throw error;
    }
  }
}

function statusLine({ queue, sending, waiting }: DaemonSnapshot): string {
  const files = Object.values(queue)
    .flatMap((phases) => Object.values(phases))
    .reduce((sum, tally) => sum + tally.files, 0);
  const now =
    waiting === null || waiting.reason === "nothing"
      ? sending.length > 0
        ? "sending"
        : "nothing to send"
      : `waiting: ${waiting.detail}`;
  return `${files} recordings without a receipt; ${now}`.replaceAll(/\s+/g, " ").slice(0, 200);
}
