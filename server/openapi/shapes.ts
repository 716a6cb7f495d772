import { z } from "zod";
import type { Page } from "../../lib/page.ts";

/** What JSON makes of a value. */
export type Json<T> = T extends Date
  ? string
  : T extends readonly (infer U)[]
    ? Json<U>[]
    : T extends object
      ? { [K in keyof T]: Json<T[K]> }
      : T;

/**
 * A schema of exactly what JSON makes of `T`: when a type of `lib` gets a member more or loses one, the document does
 * not compile until it says so too.
 */
export function shapeOf<T>() {
  return <S extends z.ZodType<Json<T>>>(schema: S & (Json<T> extends z.output<S> ? unknown : never)): S => schema;
}

/** A moment in UTC, as in 2026-03-02T09:00:00.000Z. */
export const time = z.iso.datetime();

/** The SHA-256 of something, 64 hexadecimal digits. */
export const sha256 = z.string().regex(/^[0-9a-f]{64}$/);

/** A site as what belongs to it names it. */
export const namedSite = z.strictObject({ id: z.string(), name: z.string(), timeZone: z.string() });

/** A whole number of bytes, milliseconds or things. */
export const count = z.int().min(0);

/** A list without pages. */
export const rowsOf = <S extends z.ZodType>(row: S) => z.strictObject({ rows: z.array(row) });

/** One page of a list. */
export const pageOf = <S extends z.ZodType>(row: S) =>
  z.strictObject({
    rows: z.array(row),
    nextCursor: z.string().nullable(),
    previousCursor: z.string().nullable(),
    total: count,
    isTotalExact: z.boolean(),
  } satisfies Record<keyof Page<unknown>, z.ZodType>);

/** Why a step may not be taken now, in words; null: it may. */
export const may = z.string().nullable();

/** A verb that only does: its answer is null. */
export const nothing = z.null();

/** Where to go on in a list, and how many rows. */
export const pagingOf = (usual: number, most: number) =>
  [
    {
      name: "cursor",
      in: "query",
      description: "`nextCursor` or `previousCursor` of another page's answer.",
      schema: z.string().max(2000),
    },
    { name: "limit", in: "query", description: "Rows of one page.", schema: z.int().min(1).max(most).default(usual) },
  ] as const;

/** That of most lists. */
export const paging = pagingOf(50, 200);

/** One value of the query. */
export const query = (name: string, schema: z.ZodType, description: string) =>
  ({ name, in: "query", description, schema }) as const;

/** One request field. */
export const field = (name: string, schema: z.ZodType, description: string) =>
  ({ name, in: "header", description, schema }) as const;
