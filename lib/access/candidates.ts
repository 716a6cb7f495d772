import { Prisma } from "../../generated/prisma/client.ts";
import type { Transaction } from "../context.ts";
import { maxMatches } from "./limits.ts";

// How alike two places must be, 0 to 1 (pg_trgm word similarity). "Serrano 41" in "Banco Azul, Serrano 41" is 1, two
// branches of one bank are about 0.6. A candidate is only a suggestion: an officer decides about each.
const alikeEnough = 0.7;

/** `q` (a request row) and `r` (a recording row) overlap, even by a moment; both ends as PostgreSQL compares them. */
const overlaps = Prisma.sql`
  tstzrange(r."start_at", r."end_at", '[]') && tstzrange(q."interval_from", q."interval_until", '[)')`;

/**
 * The recording is of the asked site; or where the device was moving or the site is free text, the places read
 * alike in one direction or the other.
 */
const atPlace = Prisma.sql`(
  r."site_id" = q."site_id"
  OR greatest(
    word_similarity(lower(q."place"), lower(coalesce(r."place", ''))),
    word_similarity(lower(coalesce(nullif(r."place", ''), '-')), lower(q."place")),
    word_similarity(lower(coalesce(qs."name", '-')), lower(coalesce(r."place", ''))),
    word_similarity(lower(coalesce(rs."name", '-')), lower(q."place"))
  ) >= ${alikeEnough})`;

/** Not the same bytes again, unless the device said another time or place with them: then that one may be the one. */
const saysMore = Prisma.sql`(r."repeat_of_id" IS NULL OR NOT EXISTS (
  SELECT 1 FROM "recording" f WHERE f."id" = r."repeat_of_id" AND f."start_at" = r."start_at" AND f."end_at" = r."end_at"
     AND f."site_id" IS NOT DISTINCT FROM r."site_id" AND f."place" IS NOT DISTINCT FROM r."place"))`;

/**
 * Recordings that overlap the interval of a request: at its place, or everywhere.
 *
 * @returns at most `maxMatches` ids in order of start, and whether that is all of them
 */
export async function findCandidates(
  tx: Transaction,
  requestId: string,
  everywhere: boolean,
): Promise<{ ids: string[]; isComplete: boolean }> {
  const rows = await tx.$queryRaw<{ id: string }[]>`
    SELECT r."id" FROM "request" q
      LEFT JOIN "site" qs ON qs."id" = q."site_id"
      JOIN "recording" r ON ${overlaps}
      LEFT JOIN "site" rs ON rs."id" = r."site_id"
    WHERE q."id" = ${requestId} AND (${everywhere} OR ${atPlace}) AND ${saysMore}
    ORDER BY r."start_at", r."id" LIMIT ${maxMatches + 1}`;
  return { ids: rows.slice(0, maxMatches).map(({ id }) => id), isComplete: rows.length <= maxMatches };
}

/**
 * How many recordings each request found at its place, or decided about; counted up to `maxMatches`. Once it is
 * decided only what was decided counts, and the catalogue is not searched again.
 */
export async function countFound(tx: Transaction, requestIds: readonly string[]): Promise<Map<string, number>> {
  if (requestIds.length === 0) return new Map();
  const rows = await tx.$queryRaw<{ id: string; found: number }[]>`
    SELECT q."id", (
      SELECT count(*)::int FROM (
        SELECT r."id" FROM "recording" r LEFT JOIN "site" rs ON rs."id" = r."site_id"
          WHERE q."state" IN ('submitted', 'in_review', 'approved') AND ${overlaps} AND ${atPlace} AND ${saysMore}
        UNION SELECT m."recording_id" FROM "request_recording" m WHERE m."request_id" = q."id"
        LIMIT ${maxMatches}) found) AS found
    FROM "request" q LEFT JOIN "site" qs ON qs."id" = q."site_id"
    WHERE q."id" IN (${Prisma.join([...requestIds])})`;
  return new Map(rows.map(({ id, found }) => [id, found]));
}
