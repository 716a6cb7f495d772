import { Prisma } from "../../generated/prisma/client.ts";
import type { Context } from "../context.ts";
import { parseInput } from "../input.ts";
import { type Cursor, decodeCursor, microsShape, type Page, pageSize, toPage, totalLimit } from "../page.ts";
import { authoriseOperator } from "../people/index.ts";
import { filterInput, whereOf } from "./conditions.ts";
import { recordReading } from "./record-reading.ts";
import { toEventRow } from "./row.ts";
import type { CustodyEventRow, CustodyFilter } from "./types.ts";

/** The sort key of a row: microseconds since 1970 and the sequence number. */
type Key = { micros: string; seq: bigint };
const keyShapes = [microsShape, /^\d{1,18}$/];

/**
 * One page of the custody log, newest first. Reading it is itself a custody event: one for each reading of one
 * filter, however many pages are turned.
 *
 * @param cursor of another page's answer; null: the first page
 * @param limit rows, at most 200
 * @throws AppError unauthenticated, forbidden, invalid_input naming the filter
 */
export async function listEvents(
  ctx: Context,
  filter: CustodyFilter = {},
  cursor: string | null = null,
  limit = 50,
): Promise<Page<CustodyEventRow>> {
  await authoriseOperator(ctx, "custody.read");
  const read = parseInput(filterInput, filter);
  const place = decodeCursor(cursor, keyShapes);
  const size = pageSize(limit);
  await recordReading(ctx, read);
  const isBack = place?.direction === "previous";
  const order = isBack ? Prisma.sql`at ASC, seq ASC` : Prisma.sql`at DESC, seq DESC`;
  const [keys, counted] = await Promise.all([
    ctx.db.$queryRaw<Key[]>`
      SELECT (extract(epoch FROM at) * 1000000)::bigint::text AS micros, seq
      FROM custody_event ${whereOf(read, behind(place))} ORDER BY ${order} LIMIT ${size + 1}`,
    ctx.db.$queryRaw<{ total: number }[]>`
      SELECT count(*)::int AS total FROM (SELECT 1 FROM custody_event ${whereOf(read)} LIMIT ${totalLimit + 1}) found`,
  ]);
  const total = counted[0]?.total ?? 0;
  const page = toPage(keys, size, place, (key) => [key.micros, String(key.seq)]);
  const events = await ctx.db.custodyEvent.findMany({
    where: { seq: { in: page.rows.map((key) => key.seq) } },
    orderBy: [{ at: "desc" }, { seq: "desc" }],
  });
  return {
    ...page,
    rows: events.map(toEventRow),
    total: Math.min(total, totalLimit),
    isTotalExact: total <= totalLimit,
  };
}

function behind(place: Cursor | null): Prisma.Sql[] {
  if (place === null) return [];
  const [micros = "0", seq = "0"] = place.at;
  const comparison = place.direction === "previous" ? Prisma.sql`>` : Prisma.sql`<`;
  return [
    Prisma.sql`(at, seq) ${comparison}
      (timestamptz 'epoch' + ${BigInt(micros)} * interval '1 microsecond', ${BigInt(seq)})`,
  ];
}
