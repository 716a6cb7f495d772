import { z } from "zod";
import type { Context } from "../context.ts";
import { recordEvent } from "../custody/index.ts";
import { notFound } from "../errors.ts";
import { parseInput, requireId } from "../input.ts";
import { authoriseOperator } from "../people/index.ts";

const units = { "": 1, kb: 1e3, mb: 1e6, gb: 1e9, tb: 1e12, pb: 1e15 } as const;
const problem = "Write bytes or a size, as in 500 GB; none, or nothing, for no quota.";

/** A size as people write it, in decimal units; empty, "none" and null: no quota. */
const quotaInput = z
  .union([z.number(), z.string(), z.null()], problem)
  .transform((value) =>
    String(value ?? "")
      .trim()
      .toLowerCase(),
  )
  .transform((text, ctx) => {
    if (text === "" || text === "none") return null;
    const [, digits = "", unit = ""] = /^(\d{1,16}(?:\.\d{1,6})?) ?([kmgtp]b)?$/.exec(text) ?? [];
    const bytes = Math.round(Number(digits) * units[unit as keyof typeof units]); // the expression lets no other pass
    if (digits !== "" && Number.isSafeInteger(bytes)) return bytes;
    ctx.addIssue({ code: "custom", message: problem });
    return z.NEVER;
  });

/**
 * Limits the bytes that a device's recordings and its unfinished uploads may have together, or lifts the limit. What is
 * there stays, also when it is more; only new announcements are refused.
 *
 * @returns the quota in bytes; null: none
 * @throws AppError forbidden, not_found, invalid_input (quota)
 */
export async function setDeviceQuota(ctx: Context, input: { deviceId: string; quota: unknown }) {
  await authoriseOperator(ctx, "devices.change");
  const deviceId = requireId("device", input.deviceId);
  const { quota } = parseInput(z.object({ quota: quotaInput }), { quota: input.quota });
  return ctx.db.$transaction(async (tx) => {
    const [row] = await tx.$queryRaw<{ quota_bytes: bigint | null }[]>`
      SELECT quota_bytes FROM device WHERE id = ${deviceId} FOR UPDATE`;
    if (row === undefined) throw notFound("device");
    const from = row.quota_bytes === null ? null : Number(row.quota_bytes);
    if (from === quota) return quota;
    await tx.device.update({ where: { id: deviceId }, data: { quotaBytes: quota === null ? null : BigInt(quota) } });
    await recordEvent(ctx, tx, { action: "device.quota_changed", deviceId, details: { from, to: quota } });
    return quota;
  });
}
