import type { DigestOriginator, ManifestChain, RecordingState } from "../../generated/prisma/client.ts";

export type { Page } from "../page.ts";

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
  /** Durable bytes so far; of one that was abandoned, those that once were. */
  offsetBytes: number;
  /** Its upload ended before it was whole: it is never received, and its bytes are gone. */
  isAbandoned: boolean;
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

/** A small file beside a recording: track, subtitles or facts. */
export type SidecarRow = {
  name: string;
  sizeBytes: number;
  /** Hexadecimal. */
  sha256: string;
  /** Null: its manifest names it, and it is not here. */
  receivedAt: Date | null;
  /** When it was set aside, as its device was not believed when it came; null: it counts. */
  setAsideAt: Date | null;
  /** Where it is read, by who may read the recording's bytes. */
  path: string;
};

/** A device's signed statement that a recording will not come. */
export type WillNotCome = {
  reason: "evicted" | "changed" | "vanished" | "discarded";
  /** Number of the statement in the device's chain. */
  sequence: number;
  /** When the archive got it. */
  receivedAt: Date;
};

/** All that is known about one recording. Digests as hexadecimal digits. */
export type RecordingDetail = RecordingRow & {
  sha256: string | null;
  declaredSha256: string | null;
  digestOriginator: DigestOriginator;
  quarantinedAt: Date | null;
  quarantineReason: string | null;
  /** What reading it back found; null unless quarantined. */
  quarantineFinding: QuarantineFinding | null;
  metadata: unknown;
  chunkSizeBytes: number;
  interruptions: number;
  /** What the device signed about it, first to last; empty: nothing. */
  manifests: ManifestView[];
  /** Small files beside it that the manifests name, by name. */
  sidecars: SidecarRow[];
  /** What its device signed about why it will not come; null: it came, or may still. */
  willNotCome: WillNotCome | null;
  /** The recording of the same device that brought these bytes first; null: this one. */
  repeatOf: string | null;
  /** Recordings of the same device that brought these bytes again. */
  repeats: string[];
  /** Recordings of other devices with the same bytes that the caller may know of. */
  sameBytes: { id: string; device: { id: string; name: string } }[];
  /** The caller's open grant to read the bytes; null: none. */
  grant: { purpose: string; openUntil: Date } | null;
  can: RecordingCan;
};

/** Where the bytes of a quarantined recording first differ from what was promised. Members that do not apply are null. */
export type QuarantineFinding = {
  /** Number of the first chunk that differs, from 0, and its first byte in the file. */
  firstBadChunk: number | null;
  firstBadByte: number | null;
  /** Digests of that chunk, or of the whole file. */
  expectedSha256: string | null;
  actualSha256: string | null;
  /** Length of the file in storage when it is not the one of the row. */
  actualBytes: number | null;
  /** It was sealed, and found damaged later. */
  wasSealed: boolean;
};

/** What a signed manifest says beside the digests, as the device wrote it. */
export type ManifestFacts = {
  /** False: the container was cut off on the device. */
  complete: boolean;
  clock?: { source: string; offsetMs?: number | undefined; uncertaintyMs?: number | undefined } | undefined;
  tags?: string[] | undefined;
  sidecars?: { name: string; sizeBytes: number; sha256: string }[] | undefined;
};

/** One signed manifest. The signed document itself is at `…/manifest?sha256=`. */
export type ManifestView = {
  /** SHA-256 of its canonical payload, by which the next one names it. */
  sha256: string;
  sequence: number;
  previousSha256: string | null;
  /** How it stood among the device's others when it came; null for requesters, whom the rest of the fleet does not concern. */
  chain: ManifestChain | null;
  /** Whether the link that it names as the one before is here by now, or a tombstone speaks of it. */
  isPreviousHere: boolean;
  kid: string;
  keyRevokedAt: Date | null;
  chunkSizeBytes: number;
  chunkCount: number;
  receivedAt: Date;
  /** When it was set aside, as its device was not believed when it came; null: it counts. */
  setAsideAt: Date | null;
  facts: ManifestFacts;
};

/** One chunk as it arrived. */
export type ChunkRow = {
  index: number;
  offsetBytes: number;
  lengthBytes: number;
  /** Null while it is not whole. */
  sha256: string | null;
  receivedAt: Date;
  /** Address that brought it; empty for requesters, whom the operator's network does not concern. */
  receivedFrom: string;
};

/** Chunks that arrived in one go: no long pause, one address. */
export type ChunkRun = {
  firstIndex: number;
  lastIndex: number;
  bytes: number;
  startedAt: Date;
  endedAt: Date;
  receivedFrom: string;
  /** Pause before this run in milliseconds; null for the first. */
  pauseMs: number | null;
  /** Whether its last chunk is not whole yet. */
  isGrowing: boolean;
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

/** What the catalogue can be filtered by, for choices on screens. */
export type FilterOptions = { sites: { id: string; name: string }[]; devices: { id: string; name: string }[] };

/** An officer's stated purpose for reading one recording, and until when it holds. */
export type Grant = { id: string; recordingId: string; purpose: string; openedAt: Date; openUntil: Date };
