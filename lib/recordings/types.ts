import type { DigestOriginator, RecordingState } from "../../generated/prisma/client.ts";

/** One row of the catalogue. Sizes in bytes, lengths in milliseconds. */
export type RecordingRow = {
  id: string;
  state: RecordingState;
  fileName: string;
  mediaType: string;
  /** Start by the device's clock, or arrival where it declared none (`isCaptureDeclared`). */
  startAt: Date;
  endAt: Date;
  isCaptureDeclared: boolean;
  /** Null when the device declared no interval. */
  durationMs: number | null;
  sizeBytes: number | null;
  /** Durable bytes so far. */
  offsetBytes: number;
  source: string | null;
  alias: string | null;
  place: string | null;
  site: { id: string; name: string; timeZone: string } | null;
  device: { id: string; name: string };
  createdAt: Date;
  receivedAt: Date | null;
  sealedAt: Date | null;
};

/** What the caller may do with one recording; null: may, otherwise the reason in words. */
export type RecordingCan = { open: string | null; download: string | null };

/** All that is known about one recording. Digests as hexadecimal digits. */
export type RecordingDetail = RecordingRow & {
  sha256: string | null;
  declaredSha256: string | null;
  digestOriginator: DigestOriginator;
  quarantinedAt: Date | null;
  quarantineReason: string | null;
  metadata: unknown;
  chunkSizeBytes: number;
  interruptions: number;
  /** The caller's open grant to read the bytes; null: none. */
  grant: { purpose: string; openUntil: Date } | null;
  can: RecordingCan;
};

/** One chunk as it arrived. */
export type ChunkRow = {
  index: number;
  offsetBytes: number;
  lengthBytes: number;
  /** Null while it is not whole. */
  sha256: string | null;
  receivedAt: Date;
  receivedFrom: string;
};

/** Filters of the catalogue; all combine. */
export type RecordingFilter = {
  /** With `until`: recordings that overlap [from, until), even by a moment. Either may be missing. */
  from?: Date;
  until?: Date;
  siteId?: string;
  deviceId?: string;
  state?: RecordingState;
  /** Words that must all occur in id, file name, source, alias, place, device or site. */
  text?: string;
  /** 64 hexadecimal digits, or the first 8 or more. */
  digest?: string;
};

/** One page of a list. Cursors are opaque; null: there is no such page. */
export type Page<T> = {
  rows: T[];
  nextCursor: string | null;
  previousCursor: string | null;
  /** Rows that match, counted up to 10,000; `isTotalExact` is false at the limit. */
  total: number;
  isTotalExact: boolean;
};
