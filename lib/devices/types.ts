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
  suspend: string | null;
  resume: string | null;
  revoke: string | null;
};

/** One device, whole. A token's secret is never among it. */
export type DeviceDetail = DeviceRow & {
  tokens: { id: string; createdAt: Date; revokedAt: Date | null }[];
  can: DeviceCan;
};

/** A new token: the only time its secret is readable. */
export type IssuedToken = { deviceId: string; tokenId: string; token: string };
