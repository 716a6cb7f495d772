import { z } from "zod";
import { AppError, notFound } from "./errors.ts";
import { type Id, type IdKind, parseId } from "./ids.ts";
import { hasUnprintable } from "./protocol/index.ts";

/**
 * Second beat of a verb: reads untrusted input. The first thing that is wrong is reported with its field, as a
 * sentence that a form can show beside it.
 *
 * @throws AppError invalid_input
 */
export function parseInput<S extends z.ZodType>(schema: S, input: unknown): z.output<S> {
  const result = schema.safeParse(input);
  if (result.success) return result.data;
  const issue = result.error.issues[0];
  const field = issue?.path.join(".") ?? "";
  throw new AppError("invalid_input", issue?.message ?? "This cannot be taken.", field === "" ? {} : { field });
}

/** One line of text that people read: trimmed, not empty, without control or text-direction characters. */
export function line(maxLength: number) {
  return z
    .string("Write something here.")
    .trim()
    .min(1, "Write something here.")
    .max(maxLength, `Write at most ${maxLength} characters.`)
    .refine((text) => !hasUnprintable(text), "Leave out control and text-direction characters.");
}

/** A line that may be missing: empty text, null and undefined all become null. */
export function optionalLine(maxLength: number) {
  return z
    .string("Write text here, or nothing.")
    .nullish()
    .transform((text) => text?.trim() || null)
    .pipe(line(maxLength).nullable());
}

/** A moment that the database can hold: its calendar ends in 4713 BC, JavaScript's does not. */
export const moment = z
  .date("This is no time.")
  .min(new Date("0001-01-01T00:00:00Z"), "This is no time.")
  .max(new Date("9999-12-31T23:59:59Z"), "This is no time.");

/** Text that should be an id, to look for. One that is none finds nothing. */
export const wantedId = z
  .string()
  .max(32, "This is no id.")
  .refine((text) => !hasUnprintable(text), "This is no id.");

/** An IANA time zone that this machine knows, as in "Europe/Madrid". */
export const timeZone = line(64).refine((name) => {
  try {
    new Intl.DateTimeFormat("en", { timeZone: name });
    // Offsets such as "+02:00" are accepted by Intl, and are no zone: they know no summer time.
    return !/^[+-]/.test(name);
  } catch {
    return false;
  }
}, "Write a time zone such as Europe/Madrid.");

/**
 * Reads the id of a thing that must exist. What is no id of this kind can belong to nothing, so it is answered
 * like an unknown one, before it reaches the database.
 *
 * @throws AppError not_found
 */
export function requireId<K extends IdKind>(kind: K, text: string): Id<K> {
  const id = parseId(kind, text);
  if (id === null) throw notFound(kind);
  return id;
}
