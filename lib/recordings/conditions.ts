import { z } from "zod";
import { Prisma } from "../../generated/prisma/client.ts";
import { RecordingState } from "../../generated/prisma/enums.ts";
import { moment, wantedId } from "../input.ts";
import { hasUnprintable } from "../protocol/index.ts";

/** Most words of the free-text filter that count. */
const maxWords = 8;

const searchText = z
  .string()
  .max(200, "Write at most 200 characters.")
  .refine((text) => !hasUnprintable(text), "Leave out control and text-direction characters.");

export const filterInput = z.object({
  from: moment.optional(),
  until: moment.optional(),
  siteId: wantedId.optional(),
  deviceId: wantedId.optional(),
  state: z.enum(RecordingState, "There is no such state.").optional(),
  text: searchText.optional(),
  digest: z
    .string()
    .trim()
    .toLowerCase()
    .regex(/^[0-9a-f]{8,64}$/, "Write 8 to 64 hexadecimal digits.")
    .optional(),
});
/** A filter that was read. */
export type ReadFilter = z.output<typeof filterInput>;

/**
 * A word matches anywhere. One too short for the trigram index matches the beginning of a word, which the index
 * can find; the text's first word is the recording's id, so there always is a space before.
 */
function wordCondition(word: string): Prisma.Sql {
  const escaped = word.replaceAll(/[\\%_]/g, "\\$&");
  if ([...word].length >= 3) return Prisma.sql`r.search_text LIKE ${`%${escaped}%`}`;
  return Prisma.sql`r.search_text LIKE ${`% ${escaped}%`}`;
}

/** All digests that begin with these hexadecimal digits lie between two of 32 bytes. */
function digestCondition(prefix: string): Prisma.Sql {
  const low = Buffer.from(prefix.padEnd(64, "0"), "hex");
  const high = Buffer.from(prefix.padEnd(64, "f"), "hex");
  return Prisma.sql`(r.sha256 BETWEEN ${low} AND ${high} OR r.declared_sha256 BETWEEN ${low} AND ${high})`;
}

/** The filter's conditions on a recording `r`, all but its interval. */
export function conditionsOf(filter: ReadFilter): Prisma.Sql[] {
  const words = (filter.text ?? "").toLowerCase().split(/\s+/).filter(Boolean).slice(0, maxWords);
  return [
    ...(filter.siteId === undefined ? [] : [Prisma.sql`r.site_id = ${filter.siteId}`]),
    ...(filter.deviceId === undefined ? [] : [Prisma.sql`r.device_id = ${filter.deviceId}`]),
    ...(filter.state === undefined ? [] : [Prisma.sql`r.state = ${filter.state}::recording_state`]),
    ...(filter.digest === undefined ? [] : [digestCondition(filter.digest)]),
    ...words.map(wordCondition),
  ];
}

/**
 * Overlap with [from, until) is `start < until AND end > from`. No single index answers that in order of start,
 * so it is two sets that do not meet: what started inside the interval, read in order from an index; and what
 * started before and was still running at `from`, which is little and comes from the range index.
 */
export function intervalsOf(filter: ReadFilter): Prisma.Sql[][] {
  const { from, until } = filter;
  const before = until === undefined ? [] : [Prisma.sql`r.start_at < ${until}`];
  if (from === undefined) return [before];
  return [
    // A recording of no length that starts at `from` ends there too, and so does not overlap.
    [...before, Prisma.sql`r.start_at >= ${from}`, Prisma.sql`r.end_at > ${from}`],
    [
      ...before,
      Prisma.sql`r.start_at < ${from}`,
      Prisma.sql`r.end_at > ${from}`,
      Prisma.sql`tstzrange(r.start_at, r.end_at, '[]') @> ${from}::timestamptz`,
    ],
  ];
}
