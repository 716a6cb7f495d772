import type { Prisma } from "../../generated/prisma/client.ts";
import type { RecordingRow } from "./types.ts";

/** What a recording row needs from the database. */
export const recordingInclude = {
  site: { select: { id: true, name: true, timeZone: true } },
  device: { select: { id: true, name: true } },
  upload: { select: { state: true, offsetBytes: true, chunkSizeBytes: true, interruptions: true } },
} as const satisfies Prisma.RecordingInclude;

/** A recording with what belongs to its row. */
export type RecordingWithParts = Prisma.RecordingGetPayload<{ include: typeof recordingInclude }>;

/** One recording as the catalogue shows it. */
export function toRecordingRow(recording: RecordingWithParts): RecordingRow {
  const { capturedFrom, capturedUntil } = recording;
  return {
    id: recording.id,
    state: recording.state,
    fileName: recording.fileName,
    mediaType: recording.mediaType,
    startAt: recording.startAt,
    endAt: recording.endAt,
    isCaptureDeclared: capturedFrom !== null,
    durationMs:
      capturedFrom !== null && capturedUntil !== null ? capturedUntil.getTime() - capturedFrom.getTime() : null,
    sizeBytes: recording.sizeBytes === null ? null : Number(recording.sizeBytes),
    offsetBytes: Number(recording.upload?.offsetBytes ?? recording.sizeBytes ?? 0),
    isAbandoned: recording.upload?.state === "terminated",
    source: recording.source,
    alias: recording.alias,
    place: recording.place,
    site: recording.site,
    device: recording.device,
    createdAt: recording.createdAt,
    receivedAt: recording.receivedAt,
    sealedAt: recording.sealedAt,
  };
}
