import { Prisma } from "../../generated/prisma/client.ts";
import type { Database, Transaction } from "../context.ts";
import type { LeafEvent } from "../protocol/index.ts";

/** Custody events with everything that a leaf is made of, by their number; those that are not there are left out. */
export async function readLeafEvents(
  db: Database | Transaction,
  seqs: readonly bigint[],
): Promise<Map<bigint, LeafEvent>> {
  if (seqs.length === 0) return new Map();
  // The time as text, because a Date has no microseconds: every digit that the row holds is in the leaf.
  const rows = await db.$queryRaw<LeafEvent[]>`
    SELECT seq::text AS seq, to_char(at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') AS at, action,
      outcome::text AS outcome, actor_kind::text AS "actorKind", actor_id AS "actorId", actor_name AS "actorName",
      actor_role::text AS "actorRole", recording_id AS "recordingId", request_id AS "requestId",
      release_id AS "releaseId", device_id AS "deviceId", account_id AS "accountId", purpose, details,
      from_address AS "fromAddress", user_agent AS "userAgent", correlation_id AS "correlationId"
    FROM custody_event WHERE seq IN (${Prisma.join([...seqs])})`;
  return new Map(rows.map((row) => [BigInt(row.seq), row]));
}
