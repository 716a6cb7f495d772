import type { Context } from "../context.ts";
import { AppError } from "../errors.ts";
import { type Finding, markQuarantined } from "./mark-quarantined.ts";
import { setAsideUntrusted } from "./set-aside-untrusted.ts";

const pageSize = 100;

/** Whether what a device brought at a time is believed. */
export function isTrusted(untrustedSince: Date | null, receivedAt: Date | null): boolean {
  return untrustedSince === null || receivedAt === null || receivedAt < untrustedSince;
}

/** Says in custody since when the device is not believed. */
export function untrustedFinding(deviceId: string, untrustedSince: Date): Finding {
  return { reason: "device_untrusted", details: { deviceId, untrustedSince: untrustedSince.toISOString() } };
}

/**
 * Job `device.quarantine`: quarantines what a device brought since it is not believed and was sealed before that was
 * known, and sets aside what it signed and sent beside recordings. What is still to be sealed is quarantined then.
 * Nothing is deleted. Safe to run twice and at once.
 *
 * @returns how many recordings it quarantined
 * @throws AppError forbidden for anyone but the archive itself
 */
export async function quarantineUntrusted(
  ctx: Context,
  { deviceId }: { deviceId: string },
  signal?: AbortSignal,
): Promise<number> {
  if (ctx.actor.kind !== "system") throw new AppError("forbidden", "Only the archive itself does this.");
  const device = await ctx.db.device.findUnique({ where: { id: deviceId }, select: { untrustedSince: true } });
  const since = device?.untrustedSince ?? null;
  if (since === null) return 0;
  let quarantined = 0;
  while (signal?.aborted !== true) {
    const page = await ctx.db.recording.findMany({
      where: { deviceId, state: "sealed", receivedAt: { gte: since } },
      orderBy: { id: "asc" },
      take: pageSize,
      select: { id: true },
    });
    if (page.length === 0) break;
    for (const { id } of page)
      if (await markQuarantined(ctx, { id, state: "sealed", deviceId }, untrustedFinding(deviceId, since), null))
        quarantined += 1;
  }
  const setAside = await setAsideUntrusted(ctx, { deviceId, since }, signal);
  ctx.log.warn({ deviceId, quarantined, setAside }, "what a device brought is not believed, and was quarantined");
  return quarantined;
}

/** At every start: has the job run for devices of which something is left, as after a backup was restored. */
export async function sweepUntrusted(ctx: Context): Promise<void> {
  const rows = await ctx.db.$queryRaw<{ deviceId: string }[]>`
    SELECT d.id AS "deviceId" FROM device d WHERE d.untrusted_since IS NOT NULL AND (
      EXISTS (SELECT 1 FROM recording r
               WHERE r.device_id = d.id AND r.state = 'sealed' AND r.received_at >= d.untrusted_since)
      OR EXISTS (SELECT 1 FROM chain_statement s
                  WHERE s.device_id = d.id AND s.set_aside_at IS NULL AND s.received_at >= d.untrusted_since)
      OR EXISTS (SELECT 1 FROM manifest m
                  WHERE m.device_id = d.id AND m.set_aside_at IS NULL AND m.received_at >= d.untrusted_since)
      OR EXISTS (SELECT 1 FROM recording r JOIN sidecar s ON s.recording_id = r.id
                  WHERE r.device_id = d.id AND s.set_aside_at IS NULL
                    AND (s.received_at >= d.untrusted_since OR r.received_at >= d.untrusted_since)))`;
  if (rows.length > 0) await ctx.db.$transaction((tx) => ctx.jobs.add(tx, "device.quarantine", ...rows));
}
