import { Prisma } from "../../generated/prisma/client.ts";
import type { Context, Transaction } from "../context.ts";
import { type CustodyAction, recordEvent } from "../custody/index.ts";

const pageSize = 100;

/** A device that is not believed, and since when. */
type Distrusted = { deviceId: string; since: Date };
/** Something that was set aside: the recording that it is about, and what names it in custody. */
type Aside = { recordingId: string | null } & Record<string, string | number | null>;

/** What is to be set aside, in an order that a page goes on in; digests in hexadecimal. */
type Kind<Key> = {
  action: CustodyAction;
  find: (db: Context["db"], of: Distrusted, after: Key | null) => Promise<Key[]>;
  /** Those of them that nobody has set aside meanwhile. */
  setAside: (tx: Transaction, keys: readonly Key[], now: Date) => Promise<Aside[]>;
};

type Link = { sequence: bigint; sha256: string };

/** Statements or manifests: by number, as their index has them, so that the chain is read once however long it is. */
function ofChain(action: CustodyAction, table: Prisma.Sql, digest: Prisma.Sql, answer: Prisma.Sql): Kind<Link> {
  return {
    action,
    find: (db, { deviceId, since }, after) => db.$queryRaw<Link[]>`
      SELECT sequence, encode(${digest}, 'hex') AS sha256 FROM ${table}
       WHERE device_id = ${deviceId} AND received_at >= ${since} AND set_aside_at IS NULL
         AND (sequence, ${digest}) > (${after?.sequence ?? 0n}::int8, decode(${after?.sha256 ?? ""}, 'hex'))
       ORDER BY sequence, ${digest} LIMIT ${pageSize}::int`,
    setAside: (tx, keys, now) => tx.$queryRaw<Aside[]>`
      UPDATE ${table} link SET set_aside_at = ${now} WHERE set_aside_at IS NULL AND ${digest} IN (
        SELECT decode(given, 'hex') FROM unnest(${keys.map(({ sha256 }) => sha256)}::text[]) given)
      RETURNING sequence::float8 AS sequence, ${answer}`,
  };
}

const statements = ofChain(
  "statement.set_aside",
  Prisma.sql`chain_statement`,
  Prisma.sql`statement_sha256`,
  Prisma.sql`encode(statement_sha256, 'hex') AS "statementSha256", kind::text AS kind,
    (SELECT recording_id FROM manifest m
      WHERE m.manifest_sha256 = link.of_manifest_sha256 AND m.device_id = link.device_id) AS "recordingId"`,
);

const manifests = ofChain(
  "manifest.set_aside",
  Prisma.sql`manifest`,
  Prisma.sql`manifest_sha256`,
  Prisma.sql`encode(manifest_sha256, 'hex') AS "manifestSha256", recording_id AS "recordingId"`,
);

type Beside = { recordingId: string; name: string; sha256: string };

/** With a recording that is quarantined go all that came beside it. */
const sidecars: Kind<Beside> = {
  action: "sidecar.set_aside",
  find: (db, { deviceId, since }, after) => db.$queryRaw<Beside[]>`
    SELECT s.recording_id AS "recordingId", s.name, encode(s.sha256, 'hex') AS sha256
      FROM recording r JOIN sidecar s ON s.recording_id = r.id
     WHERE r.device_id = ${deviceId} AND (s.received_at >= ${since} OR r.received_at >= ${since})
       AND s.set_aside_at IS NULL AND (s.recording_id, s.name, s.sha256)
         > (${after?.recordingId ?? ""}, ${after?.name ?? ""}, decode(${after?.sha256 ?? ""}, 'hex'))
     ORDER BY s.recording_id, s.name, s.sha256 LIMIT ${pageSize}::int`,
  setAside: (tx, keys, now) => tx.$queryRaw<Aside[]>`
    UPDATE sidecar SET set_aside_at = ${now} WHERE set_aside_at IS NULL AND (recording_id, name, sha256) IN (
      SELECT given."recordingId", given.name, decode(given.sha256, 'hex')
        FROM jsonb_to_recordset(${JSON.stringify(keys)}::jsonb) AS given("recordingId" text, name text, sha256 text))
    RETURNING name, encode(sha256, 'hex') AS sha256, recording_id AS "recordingId"`,
};

/**
 * Sets aside what a device signed, and what it sent beside recordings, since it is not believed: it is kept and shown,
 * explains no gap, and goes with no release. Each once, with an event. Safe to run twice and at once.
 *
 * @returns how much it set aside
 */
export async function setAsideUntrusted(ctx: Context, of: Distrusted, signal?: AbortSignal): Promise<number> {
  let count = await setAsideKind(ctx, of, statements, signal);
  count += await setAsideKind(ctx, of, manifests, signal);
  return count + (await setAsideKind(ctx, of, sidecars, signal));
}

async function setAsideKind<Key>(ctx: Context, of: Distrusted, kind: Kind<Key>, signal?: AbortSignal): Promise<number> {
  let count = 0;
  let after: Key | null = null;
  while (signal?.aborted !== true) {
    // Another run may take part of a page; its end is what was found, not what is left of it.
    const page: Key[] = await kind.find(ctx.db, of, after);
    if (page.length > 0) count += await setAsidePage(ctx, of, kind, page);
    if (page.length < pageSize) break;
    after = page.at(-1) ?? null;
  }
  return count;
}

/** One page with its events. */
function setAsidePage<Key>(ctx: Context, { deviceId, since }: Distrusted, kind: Kind<Key>, page: Key[]) {
  const untrustedSince = since.toISOString();
  return ctx.db.$transaction(async (tx) => {
    const rows = await kind.setAside(tx, page, ctx.clock.now());
    for (const { recordingId, ...what } of rows) {
      const about = recordingId === null ? { deviceId } : { deviceId, recordingId };
      await recordEvent(ctx, tx, { action: kind.action, ...about, details: { ...what, untrustedSince } });
    }
    return rows.length;
  });
}
