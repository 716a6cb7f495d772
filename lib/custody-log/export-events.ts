import { Prisma } from "../../generated/prisma/client.ts";
import type { Context } from "../context.ts";
import { parseInput } from "../input.ts";
import { authoriseOperator } from "../people/index.ts";
import { filterInput, type ReadFilter, whereOf } from "./conditions.ts";
import { recordReading } from "./record-reading.ts";
import { toEventRow } from "./row.ts";
import type { CustodyEventRow, CustodyFilter } from "./types.ts";

const batchSize = 1000;

const columns = [
  "seq",
  "at",
  "action",
  "outcome",
  "actorKind",
  "actorId",
  "actorName",
  "actorRole",
  "recordingId",
  "requestId",
  "releaseId",
  "deviceId",
  "accountId",
  "purpose",
  "details",
  "fromAddress",
  "userAgent",
  "correlationId",
] as const satisfies (keyof CustodyEventRow)[];

/**
 * The custody log as CSV (RFC 4180, UTF-8 with CRLF), oldest first, up to the moment of the call. It comes in
 * pieces, so that memory does not grow with the log. The export itself is a custody event.
 *
 * @throws AppError unauthenticated, forbidden, invalid_input, before the first piece
 */
export async function exportEvents(ctx: Context, filter: CustodyFilter = {}): Promise<AsyncIterable<string>> {
  await authoriseOperator(ctx, "custody.read");
  const read = parseInput(filterInput, filter);
  await recordReading(ctx, read, "export");
  const newest = await ctx.db.custodyEvent.aggregate({ _max: { seq: true } });
  return pieces(ctx, read, newest._max.seq ?? 0n);
}

async function* pieces(ctx: Context, filter: ReadFilter, newest: bigint): AsyncGenerator<string> {
  yield `${columns.join(",")}\r\n`;
  let last = -1n;
  for (;;) {
    const where = whereOf(filter, [Prisma.sql`seq > ${last}`, Prisma.sql`seq <= ${newest}`]);
    const keys = await ctx.db.$queryRaw<{ seq: bigint }[]>`
      SELECT seq FROM custody_event ${where} ORDER BY seq LIMIT ${batchSize}`;
    const events = await ctx.db.custodyEvent.findMany({
      where: { seq: { in: keys.map((key) => key.seq) } },
      orderBy: { seq: "asc" },
    });
    if (events.length > 0) yield events.map((event) => csvLine(toEventRow(event))).join("");
    const end = keys.at(-1);
    if (end === undefined || keys.length < batchSize) return;
    last = end.seq;
  }
}

function csvLine(row: CustodyEventRow): string {
  return `${columns.map((column) => csvCell(row[column])).join(",")}\r\n`;
}

function csvCell(value: CustodyEventRow[keyof CustodyEventRow]): string {
  if (value === null) return "";
  const text = value instanceof Date ? value.toISOString() : typeof value === "object" ? JSON.stringify(value) : value;
  // Spreadsheets run a cell that begins like a formula; an apostrophe makes it text.
  const safe = /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}
