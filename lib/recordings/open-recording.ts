import { z } from "zod";
import type { Context } from "../context.ts";
import { recordEvent } from "../custody/index.ts";
import { AppError, notFound } from "../errors.ts";
import { newId } from "../ids.ts";
import { line, parseInput, requireId } from "../input.ts";
import { authorise } from "../people/index.ts";
import { getSettings } from "../settings/index.ts";
import { whyUnreadable } from "./get-recording.ts";
import type { Grant } from "./types.ts";

export const openInput = z.object({
  id: z.string(),
  purpose: line(500).min(3, "Say what for, in at least 3 characters."),
});

/** Which recording to open, and what for. */
export type OpenRecording = z.input<typeof openInput>;

/**
 * Opens a recording for an officer who says what for. Every byte they read afterwards is checked against this
 * grant, which holds for the hours that the settings say.
 *
 * @throws AppError forbidden, not_found, invalid_input (purpose), state_conflict when there is nothing to read
 */
export async function openRecording(ctx: Context, input: OpenRecording): Promise<Grant> {
  const officer = await authorise(ctx, "recordings.open");
  const { id, purpose } = parseInput(openInput, input);
  const recordingId = requireId("recording", id);
  const { accessGrantHours } = await getSettings(ctx.db);
  const openedAt = ctx.clock.now();
  const openUntil = new Date(openedAt.getTime() + accessGrantHours * 3_600_000);
  return ctx.db.$transaction(async (tx) => {
    const recording = await tx.recording.findUnique({ where: { id: recordingId }, select: { state: true } });
    if (recording === null) throw notFound("recording");
    const reason = whyUnreadable(recording.state);
    if (reason !== null) throw new AppError("state_conflict", reason);
    const grant = { id: newId("grant"), recordingId, purpose, openedAt, openUntil };
    await tx.accessGrant.create({ data: { ...grant, accountId: officer.accountId } });
    await recordEvent(ctx, tx, {
      action: "recording.opened",
      recordingId,
      purpose,
      details: { grantId: grant.id, openUntil: openUntil.toISOString() },
    });
    return grant;
  });
}
