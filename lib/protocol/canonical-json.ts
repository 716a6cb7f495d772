import { ProtocolError } from "./protocol-error.ts";

/** Deeper than anything of ours; a document that is deeper is refused rather than overflowing the stack. */
const maxDepth = 64;

/**
 * The one spelling of a JSON value (RFC 8785, JCS). Refuses what JSON does not have, instead of dropping or bending
 * it: undefined, numbers that are not finite, dates and other objects of a class, halves of characters.
 */
export function canonicalJson(value: unknown): string {
  return serialise(value, 0);
}

/** Reads a document that must be in canonical form already, so that no two readers can understand it differently. */
export function parseCanonicalJson(text: string): unknown {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new ProtocolError("It is not JSON.");
  }
  // A member named twice, or in another order, is lost or moved by reading: it cannot come out the same.
  if (canonicalJson(value) !== text) throw new ProtocolError("It is not in canonical form (RFC 8785).");
  return value;
}

function serialise(value: unknown, depth: number): string {
  if (depth > maxDepth) throw new ProtocolError("It is nested too deeply.");
  if (value === null || typeof value === "boolean") return String(value);
  if (typeof value === "string") return serialiseString(value);
  if (typeof value === "number") {
    // RFC 8785, 3.2.2.3: "occurrences of NaN or Infinity in input data MUST cause a compliant JCS implementation to
    // terminate with an appropriate error". The rest of the clause is what ECMAScript does.
    if (!Number.isFinite(value)) throw new ProtocolError("A number is not finite.");
    return JSON.stringify(value);
  }
  if (Array.isArray(value)) return `[${Array.from(value, (item) => serialise(item, depth + 1)).join(",")}]`;
  if (isPlainObject(value)) {
    // RFC 8785, 3.2.3: names are compared "as arrays of UTF-16 code units", which is what sort() does.
    const members = Object.keys(value).sort();
    return `{${members.map((name) => `${serialiseString(name)}:${serialise(value[name], depth + 1)}`).join(",")}}`;
  }
  throw new ProtocolError(`A value of type ${typeof value} is not JSON.`);
}

function serialiseString(text: string): string {
  // RFC 8785, 3.2.2.2: "lone surrogates ... MUST cause a compliant JCS implementation to terminate".
  if (!text.isWellFormed()) throw new ProtocolError("A text holds half a character.");
  return JSON.stringify(text);
}

function isPlainObject(value: unknown): value is Record<string, unknown> {
  if (typeof value !== "object" || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return (prototype === Object.prototype || prototype === null) && Object.getOwnPropertySymbols(value).length === 0;
}
