import { Prisma } from "../../generated/prisma/client.ts";
import type { Context } from "../context.ts";
import { parseInput } from "../input.ts";
import { type Cursor, decodeCursor, microsShape, pageSize, toPage, totalLimit } from "../page.ts";
import { authoriseOperator } from "../people/index.ts";
import { conditionsOf, filterInput, intervalsOf } from "./conditions.ts";
import { recordingInclude, toRecordingRow } from "./row.ts";
import type { FilterOptions, Page, RecordingFilter, RecordingRow } from "./types.ts";
import { releasedTo, releasedToSql, seesReleasedOnly } from "./visible.ts";

/** The sort key of a row: microseconds since 1970 and the id. */
type Key = { micros: string; id: string };
const keyShapes = [microsShape, /^[\w-]{1,32}$/];

/**
 * One page of the catalogue, newest start first. A requester sees what was released to them, and nothing else.
 *
 * @param cursor of another page's answer; null: the first page
 * @param limit rows, at most 200
 * @throws AppError unauthenticated, forbidden, invalid_input naming the filter
 */
export async function listRecordings(
  ctx: Context,
  filter: RecordingFilter = {},
  cursor: string | null = null,
  limit = 50,
): Promise<Page<RecordingRow>> {
  const actor = await authoriseOperator(ctx, "recordings.list");
  const read = parseInput(filterInput, filter);
  const place = decodeCursor(cursor, keyShapes);
  const size = pageSize(limit);
  const common = conditionsOf(read);
  if (seesReleasedOnly(actor)) common.push(releasedToSql(actor.accountId, ctx.clock.now()));
  // The same bytes of the same device again: the first stands for both, and its page names the other.
  else common.push(Prisma.sql`r.repeat_of_id IS NULL`);
  const sets = intervalsOf(read).map((interval) => [...common, ...interval]);
  const [keys, total] = await Promise.all([readKeys(ctx, sets, place, size + 1), countUpTo(ctx, sets)]);
  const page = toPage(keys, size, place, (key) => [key.micros, key.id]);
  return {
    ...page,
    rows: await readRows(
      ctx,
      page.rows.map((key) => key.id),
    ),
    total: Math.min(total, totalLimit),
    isTotalExact: total <= totalLimit,
  };
}

const where = (conditions: Prisma.Sql[]) =>
  conditions.length === 0 ? Prisma.empty : Prisma.sql`WHERE ${Prisma.join(conditions, " AND ")}`;

const union = (selects: Prisma.Sql[]) => Prisma.join(selects, " UNION ALL ");

/** Keys of one page in reading direction. Reads ids only, so that wide rows are fetched for one page at most. */
function readKeys(ctx: Context, sets: Prisma.Sql[][], place: Cursor | null, count: number): Promise<Key[]> {
  const isBack = place?.direction === "previous";
  const order = isBack ? Prisma.sql`start_at ASC, id ASC` : Prisma.sql`start_at DESC, id DESC`;
  const behind =
    place === null
      ? []
      : [
          Prisma.sql`(r.start_at, r.id) ${isBack ? Prisma.sql`>` : Prisma.sql`<`}
            (timestamptz 'epoch' + ${BigInt(place.at[0] ?? 0)} * interval '1 microsecond', ${place.at[1]})`,
        ];
  const selects = sets.map(
    (conditions) => Prisma.sql`(
      SELECT r.start_at, r.id FROM recording r ${where([...conditions, ...behind])} ORDER BY ${order} LIMIT ${count})`,
  );
  return ctx.db.$queryRaw<Key[]>`
    SELECT (extract(epoch FROM start_at) * 1000000)::bigint::text AS micros, id
    FROM (${union(selects)}) found ORDER BY ${order} LIMIT ${count}`;
}

async function countUpTo(ctx: Context, sets: Prisma.Sql[][]): Promise<number> {
  const selects = sets.map(
    (conditions) => Prisma.sql`(SELECT 1 FROM recording r ${where(conditions)} LIMIT ${totalLimit + 1})`,
  );
  const [row] = await ctx.db.$queryRaw<{ total: number }[]>`
    SELECT count(*)::int AS total FROM (${union(selects)}) found`;
  return row?.total ?? 0;
}

async function readRows(ctx: Context, ids: string[]): Promise<RecordingRow[]> {
  const recordings = await ctx.db.recording.findMany({ where: { id: { in: ids } }, include: recordingInclude });
  const byId = new Map(recordings.map((recording) => [recording.id, toRecordingRow(recording)]));
  return ids.map((id) => byId.get(id)).filter((row) => row !== undefined);
}

/**
 * The sites and devices that the catalogue can be filtered by; for a requester those of what was released to
 * them.
 *
 * @throws AppError unauthenticated, forbidden
 */
export async function listFilterOptions(ctx: Context): Promise<FilterOptions> {
  const actor = await authoriseOperator(ctx, "recordings.list");
  const recordings = seesReleasedOnly(actor)
    ? { recordings: { some: releasedTo(actor.accountId, ctx.clock.now()) } }
    : {};
  const options = { where: recordings, select: { id: true, name: true }, orderBy: { name: "asc" } } as const;
  const [sites, devices] = await Promise.all([ctx.db.site.findMany(options), ctx.db.device.findMany(options)]);
  return { sites, devices };
}
