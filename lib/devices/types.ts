import type { DeviceState } from "../../generated/prisma/client.ts";

/** A place, as lists and choices show it. */
export type SiteRow = {
  id: string;
  name: string;
  address: string | null;
  /** IANA zone of "site time". */
  timeZone: string;
  createdAt: Date;
  /** 0 for a requester. */
  deviceCount: number;
};

/** One device in a list. */
export type DeviceRow = {
  id: string;
  name: string;
  alias: string | null;
  state: DeviceState;
  /** Null: it moves. */
  site: { id: string; name: string; timeZone: string } | null;
  createdAt: Date;
  /** Two machines seem to act as this one since then; null: no, or somebody has looked into it. */
  cloneSuspectedAt: Date | null;
  /** Last request with a valid token, to the minute; null: never. */
  lastSeenAt: Date | null;
  lastSeenFrom: string | null;
  /** Tokens that are not revoked. */
  activeTokens: number;
  /** Uploads that have begun and are not complete. */
  openUploads: number;
  lastRecording: { id: string; startAt: Date } | null;
};

/** Why each step may not be taken now; null: may. */
export type DeviceCan = {
  issueToken: string | null;
  addKey: string | null;
  setQuota: string | null;
  suspend: string | null;
  resume: string | null;
  revoke: string | null;
  approve: string | null;
  refuse: string | null;
  dismissClone: string | null;
  acknowledgeGap: string | null;
  withdrawGapAcknowledgement: string | null;
};

/** What a machine said of itself when it enrolled. Nothing of it is proved. */
export type DeviceEnrolment = {
  codeId: string;
  facts: Record<string, string>;
};

/** A public key of a device, by thumbprint (RFC 7638). */
export type DeviceKeyRow = {
  kid: string;
  createdAt: Date;
  revokedAt: Date | null;
  /** It signs the numbers of the device's chain from here to below `untilSequence` (null: all from there). */
  fromSequence: number;
  untilSequence: number | null;
  /** It buys access tokens, beside signing. */
  buysTokens: boolean;
};

/** One device, whole. A token's secret is never among it. */
export type DeviceDetail = DeviceRow & {
  tokens: { id: string; createdAt: Date; revokedAt: Date | null }[];
  /** Public keys that its manifests may be signed with, by thumbprint (RFC 7638). */
  keys: DeviceKeyRow[];
  /** Null: somebody added it. */
  enrolment: DeviceEnrolment | null;
  /** What it brought from then on is not believed; null: all is. */
  untrustedSince: Date | null;
  /** Null: it has never sent a manifest. */
  manifests: ManifestChainView | null;
  space: DeviceSpace;
  can: DeviceCan;
};

/** What a device's recordings and unfinished uploads take up, and may. */
export type DeviceSpace = {
  /** Null: no limit of its own. */
  quotaBytes: number | null;
  /** Of recordings that are whole. */
  storedBytes: number;
  /** Of unfinished uploads, with what has not arrived yet. */
  promisedBytes: number;
};

/** The numbers that a device counts its manifests with, as far as they are here now. */
export type ManifestChainView = {
  count: number;
  lastSequence: number;
  lastReceivedAt: Date;
  /** Links that do not count: they came when the device was not believed any more. */
  setAside: number;
  /** Numbers that are missing and of which nobody said why, the newest 200, newest first: each from `first` to `last`. */
  gaps: { first: number; last: number }[];
  /** How many there are, also beyond those named. */
  gapCount: number;
  /** What people said of numbers that are missing, or were then; newest first, at most 200. */
  acknowledged: AcknowledgedGapRow[];
  /** Manifests that have the number of another one, or do not name the one before them; newest first. */
  forks: { sequence: number; recordingId: string; receivedAt: Date; isSameNumber: boolean }[];
};

/** Why numbers of a device's chain are missing, as somebody said. */
export type AcknowledgedGapRow = {
  id: string;
  /** As they were missing then. */
  ranges: { first: number; last: number }[];
  /** How many of them are still missing; 0: all came, or were explained. */
  missing: number;
  reason: string;
  /** Name of whoever said so, at that time. */
  acknowledgedBy: string;
  acknowledgedAt: Date;
};

/** A new token: the only time its secret is readable. */
export type IssuedToken = { deviceId: string; tokenId: string; token: string };

/** A new enrolment code: the only time that it is readable. */
export type MadeEnrolmentCode = {
  id: string;
  /** As people read it: `BCDF-GHJK`, or the long form. */
  code: string;
  server: string;
  /** Thumbprint of the archive's receipt key; null: the archive was never started. */
  pin: string | null;
  /** All of it in one line, for a QR code. */
  link: string;
  /** What to run on the device. */
  command: string;
  expiresAt: Date;
};

/** One enrolment code in a list. The code itself is nowhere. */
export type EnrolmentCodeRow = {
  id: string;
  form: "long" | "typed";
  state: "open" | "used_up" | "expired" | "revoked";
  /** Null: its devices move. */
  site: { id: string; name: string } | null;
  policyId: string | null;
  maxUses: number;
  uses: number;
  needsApproval: boolean;
  createdAt: Date;
  madeBy: string;
  expiresAt: Date;
  revokedAt: Date | null;
  devices: { id: string; name: string; state: DeviceState }[];
  /** Why the caller may not revoke it; null: may. */
  can: { revoke: string | null };
};
