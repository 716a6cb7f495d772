import type { Database } from "../context.ts";
import type { DeviceSpace } from "./types.ts";

/** What a device's recordings and unfinished uploads take up, and may. */
export async function readDeviceSpace(db: Database, deviceId: string): Promise<DeviceSpace> {
  const [row] = await db.$queryRaw<{ quota: bigint | null; stored: bigint; promised: bigint }[]>`
    SELECT d.quota_bytes AS quota,
      (SELECT coalesce(sum(stored_bytes), 0)::bigint FROM device_usage WHERE device_id = d.id) AS stored,
      (SELECT coalesce(sum(greatest(coalesce(length_bytes, 0), offset_bytes)), 0)::bigint FROM upload
        WHERE device_id = d.id AND final_upload_id IS NULL AND (state = 'open' OR kind = 'part') AND state <> 'terminated') AS promised
    FROM device d WHERE d.id = ${deviceId}`;
  return {
    quotaBytes: row?.quota == null ? null : Number(row.quota),
    storedBytes: Number(row?.stored ?? 0),
    promisedBytes: Number(row?.promised ?? 0),
  };
}
