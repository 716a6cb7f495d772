import "server-only";
import { AppError } from "@/lib/errors.ts";
import { readJson } from "./json-body";

/** One value of a query; empty is as good as missing. */
export function text(query: URLSearchParams, name: string): string | undefined {
  return query.get(name)?.trim() || undefined;
}

/**
 * A moment with its zone, as in 2026-03-02T09:00:00Z.
 *
 * @throws AppError invalid_input with the name as the field
 */
export function time(query: URLSearchParams, name: string): Date | undefined {
  const value = text(query, name);
  if (value === undefined) return undefined;
  const at = new Date(value);
  if (Number.isNaN(at.getTime()) || !/(Z|[+-]\d\d:?\d\d)$/i.test(value))
    throw new AppError("invalid_input", "Write a time with its zone, as in 2026-03-02T09:00:00Z.", { field: name });
  return at;
}

/** Where to go on in a list and how many rows: `cursor` and `limit`. */
export function paging(query: URLSearchParams, usual = 50): { cursor: string | null; limit: number } {
  return { cursor: query.get("cursor"), limit: Number(query.get("limit") ?? usual) };
}

/** Leaves out what is undefined, for filters in which a missing key means "any". */
export function given<T extends object>(values: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  const entries = Object.entries(values).filter(([, value]) => value !== undefined);
  return Object.fromEntries(entries) as { [K in keyof T]?: Exclude<T[K], undefined> }; // the same keys, less the undefined
}

/**
 * The JSON object that a request brings; at most 64 KiB.
 *
 * @throws AppError unsupported_media_type, too_large, invalid_input
 */
export async function jsonBody(request: Request): Promise<Record<string, unknown>> {
  if (!/^application\/json\b/i.test(request.headers.get("content-type") ?? ""))
    throw new AppError("unsupported_media_type", "Send JSON, with Content-Type: application/json.");
  return readJson(request);
}
