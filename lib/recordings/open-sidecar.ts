import { createHash } from "node:crypto";
import { buffer } from "node:stream/consumers";
import type { Context } from "../context.ts";
import { recordEvent } from "../custody/index.ts";
import { AppError, notFound } from "../errors.ts";
import { requireId } from "../input.ts";
import { sha256HexOf, sidecarMediaType } from "../protocol/index.ts";
import { findGround } from "./content-facts.ts";
import { sidecarKey } from "./sidecar-key.ts";

/** A sidecar's bytes; they are what their digest says. */
export type OpenSidecar = { name: string; mediaType: string; sha256: string; content: Buffer };

/**
 * Reads a sidecar: for the device that sent it, and for who may read the recording's own bytes, which custody is told.
 * Of several with one name it is the one that came last, and one that was set aside only when there is no other: under a
 * release never, nor one of a recording that was quarantined since.
 *
 * @throws AppError unauthenticated, forbidden, not_found, internal when storage does not hold it as it came
 */
export async function openSidecar(ctx: Context, input: { recordingId: string; name: string }): Promise<OpenSidecar> {
  if (ctx.actor.kind === "device") return readNewest(ctx, await ownRecording(ctx, input.recordingId), input.name);
  const { recordingId, ground } = await findGround(ctx, input.recordingId);
  const isReleased = ground.kind === "release";
  if (isReleased && (await ctx.db.recording.count({ where: { id: recordingId, state: "sealed" } })) === 0)
    throw notFound("recording");
  const sidecar = await readNewest(ctx, recordingId, input.name, isReleased);
  const about = ground.kind === "release" ? { releaseId: ground.id } : { purpose: ground.purpose };
  const { name, sha256 } = sidecar;
  const details = { name, sha256, ...(ground.kind === "grant" && { grantId: ground.id }) };
  await ctx.db.$transaction((tx) => recordEvent(ctx, tx, { action: "sidecar.opened", recordingId, ...about, details }));
  return sidecar;
}

async function ownRecording(ctx: Context, id: string): Promise<string> {
  const recordingId = requireId("recording", id);
  const deviceId = ctx.actor.kind === "device" ? ctx.actor.deviceId : "";
  if ((await ctx.db.recording.count({ where: { id: recordingId, deviceId } })) === 0) throw notFound("recording");
  return recordingId;
}

async function readNewest(ctx: Context, recordingId: string, name: string, onlyBelieved = false): Promise<OpenSidecar> {
  const row = await ctx.db.sidecar.findFirst({
    where: { recordingId, name, ...(onlyBelieved && { setAsideAt: null }) },
    orderBy: [{ setAsideAt: { sort: "desc", nulls: "first" } }, { receivedAt: "desc" }, { sha256: "asc" }],
  });
  if (row === null) throw notFound("sidecar");
  const sha256 = sha256HexOf(row.sha256);
  const content = await readWhole(ctx, recordingId, sha256);
  return { name, mediaType: sidecarMediaType(name) ?? "application/octet-stream", sha256, content };
}

/** A small blob that is compared with its digest before anybody gets it. */
async function readWhole(ctx: Context, recordingId: string, sha256: string): Promise<Buffer> {
  const key = sidecarKey(recordingId, sha256);
  const size = await ctx.storage.size(key);
  const content = size === null ? null : await buffer(ctx.storage.read(key));
  if (content !== null && createHash("sha256").update(content).digest("hex") === sha256) return content;
  ctx.log.error({ recordingId, key, size }, "A SIDECAR IS NOT AS IT CAME");
  throw new AppError("internal", "The archive cannot read this sidecar. Its operators have been told.");
}
