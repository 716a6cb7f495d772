import type { Context } from "../context.ts";
import type { Problem } from "./types.ts";

/**
 * Devices whose counted bytes are not those of their recordings and sidecars. One statement, and so one moment: a server that goes
 * on meanwhile cannot make it look wrong.
 */
export async function checkUsage(ctx: Context): Promise<Problem[]> {
  const rows = await ctx.db.$queryRaw<{ device_id: string; counted: bigint; stored: bigint }[]>`
    SELECT d.id AS device_id, coalesce(u.bytes, 0)::bigint AS counted, coalesce(r.bytes, 0)::bigint AS stored
      FROM device d
      LEFT JOIN (SELECT device_id, sum(stored_bytes) AS bytes FROM device_usage GROUP BY 1) u ON u.device_id = d.id
      LEFT JOIN (
        SELECT device_id, sum(size_bytes) AS bytes FROM (
          SELECT device_id, size_bytes FROM recording WHERE state IN ('received', 'sealed', 'quarantined')
          UNION ALL
          SELECT o.device_id, s.size_bytes FROM sidecar s JOIN recording o ON o.id = s.recording_id
        ) kept GROUP BY 1
      ) r ON r.device_id = d.id
     WHERE coalesce(u.bytes, 0) <> coalesce(r.bytes, 0)
     ORDER BY d.id`;
  return rows.map((row) => ({
    code: "usage_differs",
    subject: row.device_id,
    found: `Its recordings and sidecars have ${row.stored} bytes and ${row.counted} are counted for its quota.`,
    mend: "Rows were changed past the program. The count is only for quotas; correct it as docs/operations.md says.",
  }));
}
