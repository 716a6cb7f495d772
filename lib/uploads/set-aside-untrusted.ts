import type { Context, Transaction } from "../context.ts";
import { type CustodyAction, recordEvent } from "../custody/index.ts";

const pageSize = 100;

/** A device that is not believed, and since when. */
type Distrusted = { deviceId: string; since: Date };
/** Something that was set aside: the recording that it is about, and what names it in custody. */
type Aside = { recordingId: string | null } & Record<string, string | number | null>;

const kinds: { action: CustodyAction; setAside: (tx: Transaction, of: Distrusted, now: Date) => Promise<Aside[]> }[] = [
  {
    action: "statement.set_aside",
    setAside: (tx, { deviceId, since }, now) => tx.$queryRaw<Aside[]>`
      UPDATE chain_statement s SET set_aside_at = ${now} WHERE set_aside_at IS NULL AND statement_sha256 IN (
        SELECT statement_sha256 FROM chain_statement
         WHERE device_id = ${deviceId} AND received_at >= ${since} AND set_aside_at IS NULL
         ORDER BY statement_sha256 LIMIT ${pageSize}::int)
      RETURNING sequence::float8 AS sequence, encode(statement_sha256, 'hex') AS "statementSha256", kind::text AS kind,
        (SELECT recording_id FROM manifest m
          WHERE m.manifest_sha256 = s.of_manifest_sha256 AND m.device_id = s.device_id) AS "recordingId"`,
  },
  {
    action: "manifest.set_aside",
    setAside: (tx, { deviceId, since }, now) => tx.$queryRaw<Aside[]>`
      UPDATE manifest SET set_aside_at = ${now} WHERE set_aside_at IS NULL AND manifest_sha256 IN (
        SELECT manifest_sha256 FROM manifest
         WHERE device_id = ${deviceId} AND received_at >= ${since} AND set_aside_at IS NULL
         ORDER BY manifest_sha256 LIMIT ${pageSize}::int)
      RETURNING sequence::float8 AS sequence, encode(manifest_sha256, 'hex') AS "manifestSha256",
        recording_id AS "recordingId"`,
  },
  {
    // With a recording that is quarantined go all that came beside it.
    action: "sidecar.set_aside",
    setAside: (tx, { deviceId, since }, now) => tx.$queryRaw<Aside[]>`
      UPDATE sidecar SET set_aside_at = ${now} WHERE set_aside_at IS NULL AND (recording_id, name, sha256) IN (
        SELECT s.recording_id, s.name, s.sha256 FROM recording r JOIN sidecar s ON s.recording_id = r.id
         WHERE r.device_id = ${deviceId} AND (s.received_at >= ${since} OR r.received_at >= ${since})
           AND s.set_aside_at IS NULL
         ORDER BY 1, 2, 3 LIMIT ${pageSize}::int)
      RETURNING name, encode(sha256, 'hex') AS sha256, recording_id AS "recordingId"`,
  },
];

/**
 * Sets aside what a device signed, and what it sent beside recordings, since it is not believed: it is kept and shown,
 * explains no gap, and goes with no release. Each once, with an event. Safe to run twice and at once.
 *
 * @returns how much it set aside
 */
export async function setAsideUntrusted(ctx: Context, of: Distrusted, signal?: AbortSignal): Promise<number> {
  const { deviceId, since } = of;
  let count = 0;
  for (const { action, setAside } of kinds) {
    for (let isDone = false; !isDone && signal?.aborted !== true; ) {
      const rows = await ctx.db.$transaction(async (tx) => {
        const page = await setAside(tx, of, ctx.clock.now());
        for (const { recordingId, ...what } of page) {
          const about = recordingId === null ? { deviceId } : { deviceId, recordingId };
          await recordEvent(ctx, tx, { action, ...about, details: { ...what, untrustedSince: since.toISOString() } });
        }
        return page.length;
      });
      count += rows;
      isDone = rows < pageSize;
    }
  }
  return count;
}
