import parseRange from "range-parser";
import type { ByteRange } from "../lib/recordings/index.ts";

/** More ranges than any player asks for at once; a request with more gets the whole file. */
const maxRanges = 32;

/** What a request's conditions and ranges come to. */
export type Selection =
  | { kind: "whole" }
  | { kind: "ranges"; ranges: ByteRange[] }
  | { kind: "not_modified" }
  | { kind: "failed" }
  | { kind: "unsatisfiable" };

type Fields = {
  range: string | undefined;
  ifRange: string | undefined;
  ifMatch: string | undefined;
  ifNoneMatch: string | undefined;
};

function tagsIn(field: string): string[] {
  return field.match(/(?:W\/)?"[^"]*"|\*/g) ?? [];
}

/** Evaluates the fields in the order of RFC 9110, section 13.2.2; the only validator is a strong entity tag. */
export function select(fields: Fields, sizeBytes: number, tag: string): Selection {
  if (fields.ifMatch !== undefined && !tagsIn(fields.ifMatch).some((given) => given === "*" || given === tag))
    return { kind: "failed" };
  if (fields.ifNoneMatch !== undefined) {
    // If-None-Match uses the weak comparison (section 13.1.2).
    const isSame = tagsIn(fields.ifNoneMatch).some((given) => given === "*" || given.replace(/^W\//, "") === tag);
    if (isSame) return { kind: "not_modified" };
  }
  if (fields.range === undefined) return { kind: "whole" };
  // If-Range uses the strong comparison; a date never matches, as there is no Last-Modified (section 13.1.5).
  if (fields.ifRange !== undefined && fields.ifRange.trim() !== tag) return { kind: "whole" };
  // Other units than bytes, and what is malformed, are ignored (section 14.2).
  if (!/^bytes\s*=/.test(fields.range)) return { kind: "whole" };
  const parsed = parseRange(sizeBytes, fields.range, { combine: true });
  if (parsed === -1) return { kind: "unsatisfiable" };
  if (parsed === -2 || parsed.length > maxRanges) return { kind: "whole" };
  return { kind: "ranges", ranges: parsed.map(({ start, end }) => ({ start, end })) };
}
