import { z } from "zod";
import { readCaptureTime } from "./capture-time.ts";
import type { Sha256Hex } from "./digest.ts";
import { fileNameProblem, hasUnprintable } from "./file-name.ts";

// Members that documents which a device signs have in common, with one wording of what is wrong with them.

/** A SHA-256 in hexadecimal. */
export const sha256 = z
  .string("must be text")
  .regex(/^[0-9a-f]{64}$/, "must be 64 lower-case hexadecimal digits")
  .transform((text) => text as Sha256Hex); // the pattern is the type's definition

/** Text for people, without characters that do not show. */
export const text = (maxLength: number) =>
  z
    .string("must be text")
    .min(1, "must not be empty")
    .max(maxLength, `must not be longer than ${maxLength} characters`)
    .refine((value) => !hasUnprintable(value), "must not contain control or text-direction characters");

/** A name without folders. */
export const fileName = z.string("must be text").superRefine((value, check) => {
  const problem = fileNameProblem(value);
  if (problem !== null) check.addIssue(problem);
});

/** A moment of a device's clock, with its zone. */
export const time = z.string("must be text").superRefine((value, check) => {
  const read = readCaptureTime(value);
  if (typeof read === "string") check.addIssue(read);
});
