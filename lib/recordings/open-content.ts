import { z } from "zod";
import type { Context } from "../context.ts";
import { type EventInput, recordEvent } from "../custody/index.ts";
import { AppError } from "../errors.ts";
import type { BlobReader } from "../storage/index.ts";
import { type ContentFacts, isStillAllowed } from "./content-facts.ts";
import { recordingKey } from "./recording-key.ts";

/** What bytes are read for: kept as a file, or shown in the player. */
export type ContentUse = "download" | "playback";

/** Byte positions, both inclusive. */
export type ByteRange = { start: number; end: number };

/** How a delivery ended. */
export type DeliveryEnd = "whole" | "left" | "withdrawn" | "failed";

/** Bytes that may be read now. The custody event that says so is written already. */
export type OpenContent = {
  reader: BlobReader;
  /** Whether the right to read still stands; false: stop at once. */
  isStillAllowed(): Promise<boolean>;
  /** Closes, and for a download says in custody how many bytes were served. */
  close(end: { bytesServed: number; how: DeliveryEnd }): Promise<void>;
};

/** A player asks for many ranges: those that lie within one that was asked for in this time are the same view. */
const viewEventMs = 60_000;

/**
 * Opens a recording's bytes for one answer, after saying so in custody: no event, no bytes.
 *
 * @throws AppError internal when storage does not hold them whole
 */
export async function openContent(
  ctx: Context,
  facts: ContentFacts,
  input: { use: ContentUse; ranges: readonly ByteRange[] },
): Promise<OpenContent> {
  const account = await ctx.db.account.findUniqueOrThrow({
    where: { id: facts.person.accountId },
    select: { sessionEpoch: true },
  });
  const reader = await ctx.storage.openReader(recordingKey(facts.recordingId));
  try {
    if (reader === null || reader.sizeBytes !== facts.sizeBytes) throw damaged(ctx, facts, reader);
    await recordStart(ctx, facts, input);
  } catch (error) {
    await reader?.close();
    throw error;
  }
  return {
    reader,
    isStillAllowed: () => isStillAllowed(ctx, facts, account.sessionEpoch),
    close: async ({ bytesServed, how }) => {
      await reader.close();
      if (input.use === "playback" && how !== "withdrawn") return;
      const event = eventOf(facts, "download.ended", { ranges: rangesOf(input.ranges), bytesServed, how });
      const outcome = how === "whole" ? "done" : how === "withdrawn" ? "refused" : "failed";
      await ctx.db.$transaction((tx) => recordEvent(ctx, tx, { ...event, outcome }));
    },
  };
}

function damaged(ctx: Context, facts: ContentFacts, reader: BlobReader | null): AppError {
  const details = { expectedBytes: facts.sizeBytes, actualBytes: reader?.sizeBytes ?? null };
  ctx.log.error({ recordingId: facts.recordingId, ...details }, "SEALED BYTES ARE MISSING");
  return new AppError("internal", "The archive cannot read this recording. Its operators have been told.");
}

async function recordStart(
  ctx: Context,
  facts: ContentFacts,
  input: { use: ContentUse; ranges: readonly ByteRange[] },
) {
  const ranges = rangesOf(input.ranges);
  await ctx.db.$transaction(async (tx) => {
    if (input.use === "download") return recordEvent(ctx, tx, eventOf(facts, "download.started", { ranges }));
    const event = eventOf(facts, "recording.viewed", { ranges });
    const recent = await tx.custodyEvent.findMany({
      where: {
        recordingId: facts.recordingId,
        actorId: facts.person.accountId,
        action: "recording.viewed",
        releaseId: event.releaseId ?? null,
        purpose: event.purpose ?? null,
        at: { gt: new Date(ctx.clock.now().getTime() - viewEventMs) },
      },
      select: { details: true },
    });
    if (!recent.some(({ details }) => covers(details, input.ranges))) await recordEvent(ctx, tx, event);
  });
}

const viewDetails = z.object({ ranges: z.array(z.string()) });

/** Whether the details of an earlier view name every byte of these ranges. */
function covers(details: unknown, ranges: readonly ByteRange[]): boolean {
  const { data } = viewDetails.safeParse(details);
  const earlier = (data?.ranges ?? []).map((text) => text.split("-").map(Number));
  return ranges.every(({ start, end }) => earlier.some(([from = 0, to = -1]) => from <= start && end <= to));
}

function rangesOf(ranges: readonly ByteRange[]): string[] {
  return ranges.map(({ start, end }) => `${start}-${end}`);
}

function eventOf(
  facts: ContentFacts,
  action: "download.started" | "download.ended" | "recording.viewed",
  details: NonNullable<EventInput["details"]>,
): EventInput {
  const { recordingId, sizeBytes, ground } = facts;
  const event = { action, recordingId, details: { ...details, sizeBytes } };
  if (ground.kind === "release") return { ...event, releaseId: ground.id };
  return { ...event, purpose: ground.purpose, details: { ...event.details, grantId: ground.id } };
}
