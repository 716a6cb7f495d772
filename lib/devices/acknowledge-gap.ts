import { z } from "zod";
import type { Context, Transaction } from "../context.ts";
import { recordEvent } from "../custody/index.ts";
import { AppError, notFound } from "../errors.ts";
import { newId } from "../ids.ts";
import { line, parseInput, requireId } from "../input.ts";
import { authoriseOperator } from "../people/index.ts";
import { countedNumbers, type NumberRange, rangesText } from "./chain-numbers.ts";

/** Stretches of numbers that one act names, and that are missing within them: what a custody event can hold. */
const mostRanges = 200;
const problem = "Write numbers, as in 2-4, 8.";

const numbersInput = z
  .string(problem)
  .trim()
  .min(1, problem)
  .max(5000, problem)
  .transform((text, ctx): NumberRange[] => {
    const ranges = text
      .replaceAll(/\s*[-–]\s*/g, "-")
      .split(/[,;\s]+/)
      .filter(Boolean)
      .map(rangeOf);
    const sound = ranges.filter((range) => range !== null);
    if (sound.length > 0 && sound.length === ranges.length && sound.length <= mostRanges) return sound;
    ctx.addIssue({ code: "custom", message: problem });
    return z.NEVER;
  });

function rangeOf(text: string): NumberRange | null {
  const [, from = "", until = from] = /^(\d{1,15})(?:-(\d{1,15}))?$/.exec(text) ?? [];
  const [first, last] = [Number(from), Number(until)];
  return from !== "" && first >= 1 && first <= last ? { first, last } : null;
}

const input = z.object({
  /** One by one and in stretches, as in `2-4, 8`. */
  numbers: numbersInput,
  reason: line(300),
});

/**
 * Says why numbers of a device's chain are missing for good: they alarm nobody any more, and stay on the device's page
 * with the reason. Of the numbers that are named only those count that are missing now; others that go missing later
 * alarm by themselves, and what arrives after all is told to custody.
 *
 * @returns the acknowledgement, by which it can be withdrawn, and the numbers that it is about
 * @throws AppError forbidden, not_found, invalid_input (numbers, reason), state_conflict when none of them is missing
 */
export async function acknowledgeGap(
  ctx: Context,
  raw: { deviceId: string; numbers: unknown; reason: unknown },
): Promise<{ id: string; numbers: string }> {
  const actor = await authoriseOperator(ctx, "devices.change");
  const deviceId = requireId("device", raw.deviceId);
  const { numbers: named, reason } = parseInput(input, { numbers: raw.numbers, reason: raw.reason });
  const id = newId("gap");
  return ctx.db.$transaction(async (tx) => {
    // What the device brings holds this row too: it comes wholly before this, or is told as an arrival.
    const held = await tx.$queryRaw<unknown[]>`SELECT 1 FROM device WHERE id = ${deviceId} FOR NO KEY UPDATE`;
    if (held.length === 0) throw notFound("device");
    const missing = await missingOf(tx, deviceId, named);
    if (missing.length === 0)
      throw new AppError("state_conflict", "None of these numbers is missing without a word why.");
    if (missing.length > mostRanges)
      throw new AppError("invalid_input", `There are more than ${mostRanges} gaps among them: name fewer numbers.`, {
        field: "numbers",
      });
    await tx.$executeRaw`
      INSERT INTO acknowledged_gap (id, device_id, numbers, reason, acknowledged_by, acknowledged_at)
      VALUES (${id}, ${deviceId}, ${multirangeOf(missing)}::int8multirange, ${reason}, ${actor.name}, ${ctx.clock.now()})`;
    const numbers = rangesText(missing);
    const details = { acknowledgementId: id, numbers, reason };
    await recordEvent(ctx, tx, { action: "device.gap_acknowledged", deviceId, details });
    return { id, numbers };
  });
}

const multirangeOf = (ranges: readonly NumberRange[]) =>
  `{${ranges.map(({ first, last }) => `[${first},${last}]`).join(",")}}`;

/** Those of the numbers that are below the last, and neither here nor explained nor acknowledged. */
async function missingOf(tx: Transaction, deviceId: string, named: NumberRange[]): Promise<NumberRange[]> {
  const [from, until] = [Math.min(...named.map(({ first }) => first)), Math.max(...named.map(({ last }) => last))];
  return tx.$queryRaw<NumberRange[]>`
    WITH counted AS (${countedNumbers(deviceId)}),
         last AS (SELECT coalesce(max(sequence), 1) AS number FROM counted),
         here AS (SELECT range_agg(int8range(sequence, sequence, '[]')) AS numbers FROM counted
                   WHERE sequence BETWEEN ${from} AND ${until}),
         told AS (SELECT range_agg(numbers) AS numbers FROM acknowledged_gap
                   WHERE device_id = ${deviceId} AND withdrawn_at IS NULL)
    SELECT lower(gap)::float8 AS first, (upper(gap) - 1)::float8 AS last
      FROM last, here, told, unnest(${multirangeOf(named)}::int8multirange * int8multirange(int8range(1, last.number))
             - coalesce(here.numbers, '{}') - coalesce(told.numbers, '{}')) gap
     ORDER BY 1 LIMIT ${mostRanges + 1}::int`;
}

/**
 * Takes an acknowledgement back: those of its numbers that are still missing alarm again.
 *
 * @throws AppError forbidden, not_found, invalid_input (reason), state_conflict when it was withdrawn before
 */
export async function withdrawGapAcknowledgement(ctx: Context, raw: { id: string; reason: unknown }): Promise<void> {
  await authoriseOperator(ctx, "devices.change");
  const id = requireId("gap", raw.id);
  const { reason } = parseInput(z.object({ reason: line(300) }), { reason: raw.reason });
  await ctx.db.$transaction(async (tx) => {
    const row = await tx.acknowledgedGap.findUnique({ where: { id }, select: { deviceId: true } });
    if (row === null) throw notFound("acknowledgement");
    // Wholly before or after what the device brings, or a list would count one of the two alone.
    await tx.$queryRaw`SELECT 1 FROM device WHERE id = ${row.deviceId} FOR NO KEY UPDATE`;
    const { count } = await tx.acknowledgedGap.updateMany({
      where: { id, withdrawnAt: null },
      data: { withdrawnAt: ctx.clock.now() },
    });
    if (count === 0) throw new AppError("state_conflict", "This acknowledgement was withdrawn already.");
    const details = { acknowledgementId: id, reason };
    await recordEvent(ctx, tx, { action: "device.gap_acknowledgement_withdrawn", deviceId: row.deviceId, details });
  });
}

/**
 * Tells custody when a number comes, or is explained by a tombstone, that somebody had acknowledged as missing; in the
 * transaction that keeps it.
 */
export async function noteMissingArrived(
  ctx: Context,
  tx: Transaction,
  { deviceId, recordingId }: { deviceId: string; recordingId?: string },
  sequences: readonly number[],
): Promise<void> {
  for (const sequence of sequences) {
    const rows = await tx.$queryRaw<{ id: string }[]>`
      SELECT id FROM acknowledged_gap
       WHERE device_id = ${deviceId} AND withdrawn_at IS NULL AND numbers @> ${BigInt(sequence)}::int8`;
    const about = recordingId === undefined ? { deviceId } : { deviceId, recordingId };
    for (const { id } of rows) {
      const details = { acknowledgementId: id, sequence };
      await recordEvent(ctx, tx, { action: "device.missing_arrived", ...about, details });
    }
  }
}
