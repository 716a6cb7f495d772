import type { Prisma } from "../../generated/prisma/client.ts";
import { AppError } from "../errors.ts";
import { sha256HexOf } from "../protocol/index.ts";
import { recordingInclude, toRecordingRow } from "../recordings/index.ts";
import type { ReleaseView } from "./types.ts";

/** What a release's view needs from the database. */
export const releaseInclude = {
  recordings: { include: { recording: { include: recordingInclude } }, orderBy: { recordingId: "asc" } },
  request: { select: { recordings: { where: { decision: "unavailable" }, orderBy: { recordingId: "asc" } } } },
} as const satisfies Prisma.ReleaseInclude;

type ReleaseWithParts = Prisma.ReleaseGetPayload<{ include: typeof releaseInclude }>;

/** Whether bytes of a release may be fetched at `now`. */
function isReleaseOpen(release: { withdrawnAt: Date | null; openUntil: Date }, now: Date): boolean {
  return release.withdrawnAt === null && now < release.openUntil;
}

/** Where the bytes of one released recording are fetched, as one file. */
function releaseContentPath(releaseId: string, recordingId: string): string {
  return `/api/releases/${releaseId}/content?recording=${recordingId}`;
}

/** A release as its requester sees it. */
export function toReleaseView(release: ReleaseWithParts, now: Date): ReleaseView {
  return {
    id: release.id,
    requestId: release.requestId,
    openedAt: release.openedAt,
    openUntil: release.openUntil,
    withdrawnAt: release.withdrawnAt,
    withdrawReason: release.withdrawReason,
    isOpen: isReleaseOpen(release, now),
    recordings: release.recordings.map(({ recording }) => {
      if (recording.sha256 === null) throw new AppError("internal", "A released recording has no digest.");
      return {
        ...toRecordingRow(recording),
        sha256: sha256HexOf(recording.sha256),
        digestOriginator: recording.digestOriginator,
        contentPath: releaseContentPath(release.id, recording.id),
      };
    }),
    unavailable: release.request.recordings.map(({ recordingId, reason }) => ({ recordingId, reason: reason ?? "" })),
  };
}
