import { z } from "zod";
import { hasUnprintable, readCaptureTime } from "../../lib/protocol/index.ts";
import { messageOf } from "../problems.ts";
import { type CaptureHints, noHints } from "./capture-hints.ts";

/** Deeper than any honest metadata; a reader that recurses must not be led astray. */
const maxDepth = 32;

const text = (maxLength: number) =>
  z
    .string("must be text")
    .min(1, "must not be empty")
    .max(maxLength, `must not be longer than ${maxLength} characters`)
    .refine((value) => !hasUnprintable(value), "must not contain control or text-direction characters");

const time = z.string("must be text").superRefine((value, check) => {
  const read = readCaptureTime(value);
  if (typeof read === "string") check.addIssue(read);
});

const degrees = (limit: number) =>
  z.number("must be a number").min(-limit, `must not be below -${limit}`).max(limit, `must not be above ${limit}`);

// Loose: a recorder may say more, and its own words travel in the sidecar itself.
const schema = z
  .looseObject(
    {
      source: text(100).optional(),
      alias: text(100).optional(),
      place: text(300).optional(),
      tags: z.array(text(100), "must be a list").max(64, "must not have more than 64").optional(),
      event: z.boolean("must be true or false").optional(),
      capturedFrom: time.optional(),
      capturedUntil: time.optional(),
      clock: z
        .looseObject({
          source: text(40),
          offsetMs: z.number("must be a number of milliseconds").min(-1e15).max(1e15).optional(),
          uncertaintyMs: z.number("must be a number of milliseconds").min(0).max(1e15).optional(),
        })
        .optional(),
      gps: z.looseObject({ latitude: degrees(90), longitude: degrees(180) }).optional(),
      incomplete: text(300).optional(),
    },
    "must be an object",
  )
  .superRefine(({ capturedFrom, capturedUntil }, check) => {
    const isBackwards =
      capturedFrom !== undefined && capturedUntil !== undefined && new Date(capturedUntil) < new Date(capturedFrom);
    if (capturedUntil !== undefined && capturedFrom === undefined)
      check.addIssue({ code: "custom", path: ["capturedFrom"], message: "must be given when capturedUntil is" });
    else if (isBackwards)
      check.addIssue({ code: "custom", path: ["capturedUntil"], message: "must not lie before capturedFrom" });
  });

/** Reads `NAME.json`; otherwise says why it cannot be taken, as half a sentence. */
export function readMetadataSidecar(json: string): CaptureHints | string {
  let value: unknown;
  try {
    if (nestingOf(json) > maxDepth) return `it is nested more than ${maxDepth} deep`;
    value = JSON.parse(json);
  } catch (error) {
    return `it is no JSON (${messageOf(error)})`;
  }
  const result = schema.safeParse(value);
  if (!result.success) {
    const [issue] = result.error.issues;
    return `${issue?.path.join(".") || "it"} ${issue?.message ?? "cannot be taken"}`;
  }
  const { source, alias, place, tags, event, capturedFrom, capturedUntil, clock, gps, incomplete } = result.data;
  return {
    ...noHints,
    isEvent: event ?? false,
    tags: tags ?? [],
    source: source ?? null,
    alias: alias ?? null,
    place: place ?? null,
    capturedFrom: capturedFrom ?? null,
    capturedUntil: capturedUntil ?? null,
    clock:
      clock === undefined
        ? null
        : {
            source: clock.source,
            ...(clock.offsetMs === undefined ? {} : { offsetMs: clock.offsetMs }),
            ...(clock.uncertaintyMs === undefined ? {} : { uncertaintyMs: clock.uncertaintyMs }),
          },
    gps: gps === undefined ? null : { latitude: gps.latitude, longitude: gps.longitude },
    incomplete: incomplete ?? null,
  };
}

// Counted before parsing: strings are skipped, so that brackets in them do not count.
function nestingOf(json: string): number {
  let depth = 0;
  let deepest = 0;
  for (const [token] of json.matchAll(/"(?:[^"\\]|\\.)*"?|[[{\]}]/g)) {
    if (token === "{" || token === "[") deepest = Math.max(deepest, ++depth);
    else if (token === "}" || token === "]") depth--;
  }
  return deepest;
}
