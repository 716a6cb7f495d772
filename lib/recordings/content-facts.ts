import type { Context } from "../context.ts";
import { AppError, notFound } from "../errors.ts";
import { requireId } from "../input.ts";
import { authorise, type Person } from "../people/index.ts";
import { whyUnreadable } from "./get-recording.ts";

/** Which bytes somebody asks for, and on what ground. */
export type ContentInput = {
  /** Null only with a release that holds a single recording. */
  recordingId: string | null;
  /** The release it was given under; null: by the recording's own address. */
  releaseId: string | null;
};

/** What gives the right to read; checked again while bytes flow. */
export type Ground = { kind: "grant"; id: string; purpose: string } | { kind: "release"; id: string };

/** What may be said about a file before its bytes are sent. */
export type ContentFacts = {
  recordingId: string;
  fileName: string;
  mediaType: string;
  sizeBytes: number;
  /** 32 bytes. */
  sha256: Uint8Array;
  person: Person;
  ground: Ground;
};

/**
 * Checks a caller's right to a recording's bytes, at this moment. Officers need a grant that they opened with a
 * purpose; requesters an open release of theirs that holds the recording, and know of nothing else.
 *
 * @throws AppError unauthenticated, forbidden, not_found, invalid_input (recording), state_conflict
 */
export async function getContentFacts(ctx: Context, input: ContentInput): Promise<ContentFacts> {
  if (input.releaseId !== null) await authorise(ctx, "releases.read");
  const person = await authorise(ctx, "recordings.content");
  const ground =
    person.role === "requester" ? await findReleaseItem(ctx, person, input) : await findGrant(ctx, person, input);
  const recording = await ctx.db.recording.findUnique({ where: { id: ground.recordingId } });
  if (recording === null) throw notFound("recording");
  // A requester is never told that something of theirs exists and is in another state.
  if (person.role === "requester" && recording.state !== "sealed") throw notFound("recording");
  const reason = whyUnreadable(recording.state);
  if (reason !== null) throw new AppError("state_conflict", reason);
  if (recording.sha256 === null || recording.sizeBytes === null)
    throw new AppError("state_conflict", "Its bytes are not whole in storage; the custody log says what was found.");
  return {
    recordingId: recording.id,
    fileName: recording.fileName,
    mediaType: recording.mediaType,
    sizeBytes: Number(recording.sizeBytes),
    sha256: recording.sha256,
    person,
    ground: ground.ground,
  };
}

type Found = { recordingId: string; ground: Ground };

/**
 * What gives a caller the right to all that a recording shows, in whatever state it is.
 *
 * @throws AppError unauthenticated, forbidden, not_found
 */
export async function findGround(ctx: Context, recordingId: string): Promise<Found> {
  const person = await authorise(ctx, "recordings.content");
  const input = { recordingId, releaseId: null };
  return person.role === "requester" ? findReleaseItem(ctx, person, input) : findGrant(ctx, person, input);
}

async function findReleaseItem(ctx: Context, person: Person, input: ContentInput): Promise<Found> {
  const now = ctx.clock.now();
  const items = await ctx.db.releaseRecording.findMany({
    where: {
      ...(input.recordingId === null ? {} : { recordingId: requireId("recording", input.recordingId) }),
      ...(input.releaseId === null ? {} : { releaseId: requireId("release", input.releaseId) }),
      release: { requesterId: person.accountId, withdrawnAt: null, openedAt: { lte: now }, openUntil: { gt: now } },
    },
    take: 2,
  });
  const [item, another] = items;
  if (item === undefined) throw notFound(input.recordingId === null ? "release" : "recording");
  if (input.recordingId === null && another !== undefined)
    throw new AppError("invalid_input", "This release holds several recordings: say which.", { field: "recording" });
  return { recordingId: item.recordingId, ground: { kind: "release", id: item.releaseId } };
}

async function findGrant(ctx: Context, person: Person, input: ContentInput): Promise<Found> {
  const recordingId = requireId("recording", input.recordingId ?? "");
  const known = await ctx.db.recording.findUnique({ where: { id: recordingId }, select: { state: true } });
  if (known === null) throw notFound("recording");
  const now = ctx.clock.now();
  const grant = await ctx.db.accessGrant.findFirst({
    where: { recordingId, accountId: person.accountId, openedAt: { lte: now }, openUntil: { gt: now } },
    orderBy: { openUntil: "desc" },
  });
  if (grant === null) throw new AppError("forbidden", "Open this recording first, and say what for.");
  return { recordingId, ground: { kind: "grant", id: grant.id, purpose: grant.purpose } };
}

/** Whether a right that was there when the bytes began is still there. Asked about every second. */
export async function isStillAllowed(ctx: Context, facts: ContentFacts, sessionEpoch: number): Promise<boolean> {
  const now = ctx.clock.now();
  const { person, ground, recordingId } = facts;
  const account = { id: person.accountId, state: "active", role: person.role, sessionEpoch } as const;
  if (ground.kind === "grant") {
    const where = { id: ground.id, recordingId, openUntil: { gt: now }, account };
    return (await ctx.db.accessGrant.count({ where })) === 1;
  }
  const release = { requesterId: person.accountId, withdrawnAt: null, openUntil: { gt: now }, requester: account };
  const where = { releaseId: ground.id, recordingId, release, recording: { state: "sealed" as const } };
  return (await ctx.db.releaseRecording.count({ where })) === 1;
}
