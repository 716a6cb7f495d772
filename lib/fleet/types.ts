import type { DeviceState, WantedState } from "../../generated/prisma/client.ts";
import type { Page } from "../page.ts";
import type { DeviceSettings, Heartbeat } from "../protocol/index.ts";
import type { fleetSortKeys } from "./fleet-order.ts";
import type { fleetParts } from "./parts.ts";

/** What a policy says now. */
export type PolicyRow = {
  id: string;
  name: string;
  /** Holds for every device that has no other. */
  isDefault: boolean;
  /** Names this configuration for ever, over all policies; devices are told it. */
  version: number;
  changedAt: Date;
  settings: DeviceSettings;
  /** A device that sends heartbeats and is not heard for so long is silent. */
  silentAfterSeconds: number;
  /** Age at which a key should be replaced; null: it may grow old. */
  keyMaxAgeDays: number | null;
  /** Devices that are not revoked. */
  deviceCount: number;
};

/** One policy with its past and its devices. */
export type PolicyDetail = PolicyRow & {
  /** Newest first; the first holds. */
  versions: {
    version: number;
    createdAt: Date;
    settings: DeviceSettings;
    silentAfterSeconds: number;
    keyMaxAgeDays: number | null;
  }[];
  /** By name. `applied`: the version that the device says it has; null: it has not said. */
  devices: { id: string; name: string; applied: number | null; problem: string | null }[];
  /** Why each step may not be taken now; null: may. */
  can: { change: string | null };
};

/** What can be wrong with a device, the worst first. */
export type AlarmKind =
  | "clone"
  | "chain_fork"
  | "silent"
  | "chain_gap"
  | "disk_nearly_full"
  | "config_refused"
  | "clock_off"
  | "queue_old"
  | "key_old";

/** One thing that is wrong with a device, in words. */
export type DeviceAlarm = {
  kind: AlarmKind;
  /** `urgent`: evidence is contradicted, or about to be lost. */
  weight: "urgent" | "warning";
  /** As in "Silent for 2 h 10 min; its policy says 1 h." */
  sentence: string;
  /** Null: it is not known since when. */
  since: Date | null;
};

/** An alarm with the device that it is about. */
export type DeviceAlarmRow = DeviceAlarm & {
  device: { id: string; name: string; site: { id: string; name: string } | null };
};

/** What a device does now, as one word: its state when it is not active, what needs somebody before what goes by itself. */
export type Condition =
  | Exclude<DeviceState, "active">
  /** Longer without a word than its policy says. */
  | "silent"
  /** Something urgent is wrong with it. */
  | "trouble"
  /** Added, and has never called. */
  | "never_seen"
  /** Uploads with a plain token and tells nothing of itself. */
  | "uploads_only"
  | "waiting"
  | "sending"
  | "idle";

/** Part of the fleet that is listed by itself: all that are not revoked, those that need somebody, or one condition. */
export type FleetPart = (typeof fleetParts)[number];

/** What the fleet can be sorted by, and its order. */
export type FleetSortKey = (typeof fleetSortKeys)[number];
export type FleetSort = { key: FleetSortKey; isDescending: boolean };

/** Which devices a list shows. What is left out restricts nothing. */
export type FleetFilter = {
  part?: FleetPart;
  /** `none`: those that move. */
  siteId?: string;
  policyId?: string;
  /** Part of its name, its own id, its site's name, or its id here. */
  text?: string;
  sort?: FleetSort;
};

/** One page of the fleet. `counts`: how many the filter finds in each part, whichever is shown. */
export type FleetPage = Page<FleetRow> & { counts: Record<FleetPart, number> };

/** One device as the fleet's table shows it. What comes from its heartbeat is null while it never sent one. */
export type FleetRow = FleetOverview & { lastRecording: { id: string; startAt: Date } | null };

/** The same without what has to be looked for in the catalogue. */
export type FleetOverview = {
  id: string;
  name: string;
  alias: string | null;
  state: DeviceState;
  /** Null: it moves. */
  site: { id: string; name: string; timeZone: string } | null;
  policy: { id: string; name: string };
  /** Last request or heartbeat; null: never. */
  lastContactAt: Date | null;
  /** Longer than its policy says. Only of active devices that send heartbeats. */
  isSilent: boolean;
  heartbeatAt: Date | null;
  uploader: Heartbeat["uploader"] | null;
  clock: { source: string; offsetMs: number | null } | null;
  /** Files without receipt. `oldestAt` by the archive's clock. */
  queue: { files: number; bytes: number; events: number; oldestAt: Date | null } | null;
  disk: { totalBytes: number; freeBytes: number; unreceiptedBytes: number } | null;
  /** Why it sends nothing; null: it sends, or did not say. */
  waiting: { reason: string; detail: string } | null;
  config: {
    /** The version that it should have. */
    version: number;
    /** The version that it says it has; null: it did not say. */
    applied: number | null;
    /** What it says is wrong with the newest; null: nothing. */
    problem: string | null;
  };
  /** Its newest key that is not revoked. `dueAt`: when its policy wants another; null: never. */
  key: { kid: string; createdAt: Date; dueAt: Date | null } | null;
  alarms: DeviceAlarm[];
  condition: Condition;
};

/** What a device says it made against what the archive has. */
export type ExpectedReceived = {
  /** Highest number that the device says it gave; null: it did not say. */
  saidSequence: number | null;
  /** Highest number that is here; null: none is. */
  lastSequence: number | null;
  /** Numbers that are here: manifests and statements, one of each number. */
  numbers: number;
  /**
   * Numbers that are neither here nor explained nor acknowledged. Those that the device has not sent yet are not among
   * them.
   */
  missing: number;
  /** Numbers that came when the device was not believed any more. They are not among `numbers`. */
  setAside: number;
  /** Numbers that the device says it gave, beyond the last that is here. */
  notSentYet: number;
  /** Recordings by what became of them, also those without manifest. */
  recordings: { receiving: number; received: number; sealed: number; quarantined: number; disposed: number };
  /** Recordings that the device says will not come. */
  tombstones: number;
};

/** One hour of a device, by how many of its twelve five-minute slots had a heartbeat. */
export type UptimeHour = { at: Date; slots: number };

/** What a device said it sent in a stretch of time, and how long its queue was at the end of it. */
export type RatePoint = { at: Date; seconds: number; sentBytes: number; queueBytes: number | null };

/** A sealed recording with its receipt. */
export type DeviceReceiptRow = {
  recordingId: string;
  fileName: string;
  sizeBytes: number;
  sealedAt: Date;
  /** Null: it is still to be made. */
  receiptAt: Date | null;
};

/** A file that somebody asked a device for. */
export type WantedRow = {
  id: string;
  deviceId: string;
  state: WantedState;
  fileName: string | null;
  /** Hexadecimal. */
  sha256: string | null;
  reason: string | null;
  askedBy: string;
  askedAt: Date;
  seenAt: Date | null;
  endedAt: Date | null;
  /** What arrived. */
  recordingId: string | null;
  /** Why it may not be cancelled; null: may. */
  can: { cancel: string | null };
};

/** What a device signed beside its manifests. */
export type StatementRow = {
  sequence: number;
  /** A recording will not come; a recorder made nothing. */
  kind: "tombstone" | "gap";
  /** Of a tombstone one of four words, of a gap in the device's own. */
  reason: string;
  /** The file, or what recorded nothing. */
  what: string;
  receivedAt: Date;
  /** It contradicts another link of the chain. */
  isFork: boolean;
  /** When it was set aside, as it is not believed; null: it counts. */
  setAsideAt: Date | null;
  /** Of a tombstone: the number of the manifest that it is about. */
  ofSequence: number | null;
  /** The recording that will not come, when it was announced. */
  recordingId: string | null;
  /** Of a gap, by the device's clock. */
  from: string | null;
  until: string | null;
};

/** One device of the fleet, whole. */
export type FleetDevice = FleetRow & {
  /** Its last heartbeat with everything that it said. */
  heartbeat: Heartbeat | null;
  received: ExpectedReceived;
  /** Newest first, at most 20. */
  statements: StatementRow[];
  /** Newest first, at most 50. */
  wanted: WantedRow[];
  /** Newest first, at most 20. */
  receipts: DeviceReceiptRow[];
  /** Why each step may not be taken now; null: may. */
  can: { ask: string | null; setPolicy: string | null };
};
