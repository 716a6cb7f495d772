import { z } from "zod";
import { AppError } from "./errors.ts";

/** One page of a list. Cursors are opaque; null: there is no such page. */
export type Page<T> = {
  rows: T[];
  nextCursor: string | null;
  previousCursor: string | null;
  /** Rows that match, counted up to 10,000; `isTotalExact` is false at the limit. */
  total: number;
  isTotalExact: boolean;
};

/** How far a total is counted: beyond, nobody reads on, and counting would cost more than the page. */
export const totalLimit = 10_000;
/** Most rows of one page. */
const maxPageSize = 200;

/** A place in a list: go on behind it (`next`) or before it (`previous`). `at` is the last row's sort key. */
export type Cursor = { direction: "next" | "previous"; at: string[] };

/** The part of a cursor that is a moment: microseconds since 1970, within what the database can hold. */
export const microsShape = /^(?:-\d{1,16}|\d{1,18})$/;

const cursorShape = z.tuple([z.enum(["next", "previous"]), z.array(z.string().max(160)).max(4)]);

/** Writes a cursor as text for addresses. */
function encodeCursor(cursor: Cursor): string {
  return Buffer.from(JSON.stringify([cursor.direction, cursor.at])).toString("base64url");
}

/**
 * Reads a cursor of a list whose sort key has parts of these shapes; null: the list's beginning.
 *
 * @throws AppError invalid_input (cursor)
 */
export function decodeCursor(text: string | null, shapes: readonly RegExp[]): Cursor | null {
  if (text === null || text === "") return null;
  try {
    const [direction, at] = cursorShape.parse(JSON.parse(Buffer.from(text, "base64url").toString("utf8")));
    if (at.length === shapes.length && shapes.every((shape, index) => shape.test(at[index] ?? "")))
      return { direction, at };
  } catch {
    // falls through to the one error below
  }
  throw new AppError("invalid_input", "This page address is not one of ours. Start from the first page.", {
    field: "cursor",
  });
}

/**
 * Cuts rows that were read one too many into a page. `rows` come in reading direction: for `previous` they are
 * turned round.
 */
export function toPage<R>(
  found: readonly R[],
  limit: number,
  cursor: Cursor | null,
  keyOf: (row: R) => string[],
): { rows: R[]; nextCursor: string | null; previousCursor: string | null } {
  const isBack = cursor?.direction === "previous";
  const hasMore = found.length > limit;
  const rows = found.slice(0, limit);
  if (isBack) rows.reverse();
  const [first, last] = [rows[0], rows.at(-1)];
  const before = first && (isBack ? hasMore : cursor !== null);
  const behind = last && (isBack || hasMore);
  return {
    rows,
    previousCursor: before ? encodeCursor({ direction: "previous", at: keyOf(first) }) : null,
    nextCursor: behind ? encodeCursor({ direction: "next", at: keyOf(last) }) : null,
  };
}

/** How many rows a page has: the wish, within 1 and the most. */
export function pageSize(limit: number): number {
  return Math.min(Math.max(Math.trunc(limit) || 1, 1), maxPageSize);
}
