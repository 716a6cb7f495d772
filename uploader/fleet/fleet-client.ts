import { randomBytes } from "node:crypto";
import type { Heartbeat, HeartbeatAnswer } from "../../lib/protocol/index.ts";
import type { DaemonSnapshot } from "../daemon-snapshot.ts";
import type { Archive } from "../http/archive.ts";
import type { ClockView } from "../identity/archive-clock.ts";
import { sleep } from "../patience.ts";
import { Interrupted, messageOf, Problem } from "../problems.ts";
import type { Report } from "../report/events.ts";
import type { RemoteConfig } from "../settings/remote-config.ts";
import { buildHeartbeat, type HeartbeatParts } from "./build-heartbeat.ts";
import { type DeviceFacts, readDeviceFacts } from "./device-facts.ts";
import { type FleetRecord, writeContactVersion, writeFleetRecord } from "./fleet-record.ts";

/** A heartbeat that takes longer is given up; the next one comes soon. */
const timeoutMs = 30_000;
/** The first one comes within this time, at random, so that a depot that gets its power back does not call at once. */
const firstWithinMs = 5000;
/** Without an answer the pauses grow to this. */
const maxPauseMs = 300_000;

/** A person is approving this device, perhaps right now: it asks often, and no less often with time. */
const pendingPauseMs = { usual: 15_000, most: 60_000 };

/** What the archive asks for in its answers. */
export type FleetHandlers = {
  /** The effective settings changed. Throws when they cannot be applied. */
  settingsChanged(): void;
  /** Files to send now. @returns what became of each */
  want(files: HeartbeatAnswer["wanted"]): Promise<NonNullable<Heartbeat["wantedResults"]>>;
  /** The device's key is old. */
  rotateKey(): Promise<void>;
  /** The highest number of the device's chain that the archive has. */
  chainSeen(head: HeartbeatAnswer["chain"]): void;
};

/** What the client needs of its surroundings. */
export type FleetOptions = {
  /** With a connection of its own, which no upload holds up. */
  archive: Pick<Archive, "heartbeat" | "getConfig">;
  stateFolder: string;
  uploaderVersion: string;
  snapshot: () => DaemonSnapshot;
  clock: { view(): ClockView; learn(serverTime: string, askedAtMs: number): void };
  link: () => HeartbeatParts["link"];
  remote: RemoteConfig;
  /** Between heartbeats, while the archive has not said otherwise. */
  heartbeatSeconds: () => number;
  handlers: FleetHandlers;
  report: Report;
  readFacts?: () => Promise<DeviceFacts>;
  random?: () => number;
  pause?: (ms: number, signal: AbortSignal) => Promise<void>;
};

/**
 * Tells the archive how this device is, and does what the answers ask for. It never disturbs an upload: it has a
 * connection and a time limit of its own, and whatever goes wrong here ends here.
 */
export class FleetClient {
  readonly #options: FleetOptions;
  readonly #random: () => number;
  readonly #process = randomBytes(9).toString("base64url");
  readonly #startedAt = new Date().toISOString();
  #lastContactAt: string | null = null;
  #failures = 0;
  #problem: string | null = null;
  #wantedResults: NonNullable<Heartbeat["wantedResults"]> = [];
  #facts: DeviceFacts | null = null;
  #isContactWritten = false;

  constructor(options: FleetOptions) {
    this.#options = options;
    this.#random = options.random ?? Math.random;
  }

  /** Beats until the signal is aborted. */
  async run(signal: AbortSignal): Promise<void> {
    const pause = this.#options.pause ?? sleep;
    try {
      await this.#record();
      await pause(this.#random() * firstWithinMs, signal);
      for (;;) await pause(await this.beat(signal), signal);
    } catch (error) {
      if (!(error instanceof Interrupted) && !signal.aborted) throw error;
    }
  }

  /** What is known of the contact with the archive. */
  view(): FleetRecord {
    const { remote, clock, uploaderVersion } = this.#options;
    return {
      uploaderVersion,
      process: this.#process,
      startedAt: this.#startedAt,
      lastContactAt: this.#lastContactAt,
      failures: this.#failures,
      problem: this.#problem,
      clock: { ...clock.view(), source: this.#facts?.clockSource ?? clock.view().source },
      configVersion: remote.version,
      configProblem: remote.problem,
      isConfigOnTrial: remote.isOnTrial,
    };
  }

  /** One heartbeat and what its answer asks for. @returns milliseconds until the next; throws nothing but Interrupted */
  async beat(signal: AbortSignal): Promise<number> {
    const limit = AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]);
    let pauseMs: number;
    try {
      const askedAtMs = performance.now();
      const answer = await this.#options.archive.heartbeat(await this.#build(), limit);
      this.#options.clock.learn(answer.serverTime, askedAtMs);
      await this.#reached();
      pauseMs = answer.nextInSeconds * 1000;
      await this.#follow(answer, limit);
    } catch (error) {
      if (signal.aborted) throw new Interrupted();
      pauseMs = await this.#missed(error);
    }
    await this.#record();
    // The archive spreads its fleet; a little more keeps two devices with one rhythm apart.
    return pauseMs * (0.9 + this.#random() * 0.2);
  }

  async #build(): Promise<Heartbeat> {
    const { snapshot, clock, remote, uploaderVersion, link, readFacts } = this.#options;
    this.#facts = await (readFacts ?? readDeviceFacts)();
    return buildHeartbeat(snapshot(), {
      uploaderVersion,
      process: this.#process,
      facts: this.#facts,
      clock: clock.view(),
      link: link(),
      configVersion: remote.version,
      configProblem: remote.problem,
      wantedResults: this.#wantedResults,
    });
  }

  async #reached(): Promise<void> {
    this.#failures = 0;
    this.#problem = null;
    this.#wantedResults = [];
    this.#lastContactAt = new Date().toISOString();
    // A disk that takes nothing must not keep the answer from being followed: the next contact writes it.
    await this.#options.remote.reached().catch(() => undefined);
    if (this.#isContactWritten) return;
    this.#isContactWritten = await writeContactVersion(this.#options.stateFolder, this.#options.uploaderVersion).then(
      () => true,
      () => false,
    );
  }

  // Each by itself: a file that cannot be found must not keep a new configuration out.
  async #follow(answer: HeartbeatAnswer, signal: AbortSignal): Promise<void> {
    const { handlers } = this.#options;
    const attempt = async (what: string, act: () => Promise<void> | void) => {
      try {
        await act();
      } catch (error) {
        if (error instanceof Interrupted) throw error;
        this.#say(`${what}: ${messageOf(error)}`);
      }
    };
    await attempt("The chain could not be compared", () => handlers.chainSeen(answer.chain));
    if (answer.wanted.length > 0)
      await attempt("What the archive asked for could not be queued", async () => {
        this.#wantedResults = await handlers.want(answer.wanted);
      });
    if (answer.rotateKey) await attempt("The device's key could not be changed", () => handlers.rotateKey());
    if (this.#options.remote.isNews(answer.configVersion))
      await attempt("The new configuration could not be taken", () => this.#pull(answer.configVersion, signal));
  }

  async #pull(version: number, signal: AbortSignal): Promise<void> {
    const { archive, remote } = this.#options;
    if (version === 0) {
      if (await remote.take(0, {})) await this.#apply();
      return;
    }
    const config = await archive.getConfig(remote.version, signal).catch((error: unknown) => {
      // What is not known here is refused by its version, and not fetched again and again.
      if (error instanceof Error && error.name === "ProtocolError") return { version, settings: null, error };
      throw error;
    });
    if (config === null) return;
    if ("error" in config) await remote.reject(config.version, messageOf(config.error));
    else if (await remote.take(config.version, config.settings)) await this.#apply();
    if (remote.problem !== null) this.#say(`The archive's configuration does not hold: ${remote.problem}`);
  }

  async #apply(): Promise<void> {
    const { remote, handlers } = this.#options;
    try {
      handlers.settingsChanged();
    } catch (error) {
      if (await remote.refuse(messageOf(error))) handlers.settingsChanged();
    }
  }

  async #missed(error: unknown): Promise<number> {
    const { remote, handlers, heartbeatSeconds } = this.#options;
    this.#failures += 1;
    this.#problem = error instanceof DOMException ? `no answer within ${timeoutMs / 1000} s` : messageOf(error);
    try {
      // A refusal is an answer: the configuration let it come.
      const isAnswered = error instanceof Problem && error.kind !== "again";
      if (!isAnswered && (await remote.lost())) {
        handlers.settingsChanged();
        this.#say(`The archive's configuration is taken back: ${remote.problem}`);
      }
    } catch (cause) {
      this.#say(`The configuration could not be taken back: ${messageOf(cause)}`);
    }
    if (error instanceof Problem && error.reason === "pending")
      return Math.min(error.retryAfterMs ?? pendingPauseMs.usual, pendingPauseMs.most);
    const asked = error instanceof Problem ? (error.retryAfterMs ?? 0) : 0;
    const grown = heartbeatSeconds() * 1000 * 2 ** Math.min(this.#failures - 1, 10);
    return Math.max(Math.min(asked, 3_600_000), Math.min(grown, Math.max(maxPauseMs, heartbeatSeconds() * 1000)));
  }

  async #record(): Promise<void> {
    await writeFleetRecord(this.#options.stateFolder, this.view()).catch(() => undefined);
  }

  #say(message: string): void {
    this.#options.report({ event: "notice", file: null, message });
  }
}
