import type { Database } from "../context.ts";
import type { StatementRow } from "./types.ts";

/** Statements that are shown; the custody log has all. */
const shown = 20;

/** What a device signed beside its manifests, newest first. What a tombstone is about is named when it is here. */
export async function readStatements(db: Database, deviceId: string): Promise<StatementRow[]> {
  return db.$queryRaw<StatementRow[]>`
    SELECT s.sequence::float8 AS sequence, s.kind::text AS kind, s.facts->>'reason' AS reason,
           coalesce(s.facts->>'fileName', s.facts->>'source') AS what, s.received_at AS "receivedAt",
           s.chain = 'fork' AS "isFork", s.set_aside_at AS "setAsideAt", s.of_sequence::float8 AS "ofSequence", m.recording_id AS "recordingId",
           s.facts->>'from' AS "from", s.facts->>'until' AS "until"
      FROM chain_statement s
      LEFT JOIN manifest m ON m.manifest_sha256 = s.of_manifest_sha256 AND m.device_id = s.device_id
     WHERE s.device_id = ${deviceId} ORDER BY s.sequence DESC, s.received_at DESC LIMIT ${shown}`;
}
