import type { CaptureSettings } from "../capture.ts";
import type { Chain } from "../chain/chain.ts";
import type { Archive } from "../http/archive.ts";
import type { AccessTokens } from "../identity/access-tokens.ts";
import type { ArchiveClock } from "../identity/archive-clock.ts";
import type { Identity } from "../identity/identity.ts";
import type { PatienceSettings } from "../patience.ts";
import type { Report } from "../report/events.ts";
import type { StateStore } from "../state/state-store.ts";
import type { Traffic } from "../traffic/traffic.ts";
import type { Figures } from "./figures.ts";

/** How files are delivered. */
export type DeliverySettings = {
  capture: CaptureSettings;
  chunkSizeBytes: number;
  /** False: done as soon as every byte is acknowledged. */
  waitsForSeal: boolean;
  deletesAfterSeal: boolean;
  /** True: a refused token is tried again, for a daemon whose token a person will mend. */
  retriesAuthentication: boolean;
  /** True: a recording that was quarantined or refused before is sent anew, because a person asks for it. */
  repeatsRefused: boolean;
  patience: PatienceSettings;
};

/** What delivering needs of its surroundings. */
export type World = {
  archive: Archive;
  /** Null: a plain token is used, and nothing is signed. */
  identity: Identity | null;
  /** What the identity's key buys; null without one. */
  tokens: AccessTokens | null;
  /** Decides what may go over the link, and when. */
  traffic: Traffic;
  /** How wrong this device's clock is, as the archive's answers show. */
  clock: ArchiveClock;
  store: StateStore;
  /** Null: nothing is signed. */
  chain: Chain | null;
  figures: Figures;
  settings: DeliverySettings;
  report: Report;
  /** Whether a file that failed so often in a row should let others go first. */
  letsGo: (failures: number) => boolean;
  /** Aborted with Interrupted when the process is told to end. */
  signal: AbortSignal;
};
