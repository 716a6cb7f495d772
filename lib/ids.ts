import { randomBytes } from "node:crypto";

// Crockford's Base32: no I, L, O, U, so that an id survives being read out over a telephone.
const alphabet = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

const prefixes = {
  recording: "R",
  upload: "U",
  device: "D",
  token: "T",
  site: "S",
  organisation: "O",
  account: "P",
  invitation: "I",
  request: "Q",
  approval: "A",
  release: "L",
  grant: "G",
  policy: "F",
  wanted: "W",
  enrolment: "E",
  gap: "N",
} as const;

/** Kinds of things that have an id. */
export type IdKind = keyof typeof prefixes;

/** An id of one kind; ids of different kinds cannot be mixed up. */
export type Id<K extends IdKind> = string & { readonly __id: K };

/**
 * Makes a new random id such as R-7K2M4-0418Q: a letter for the kind and 50 random bits. A clash is possible
 * in principle; the primary key refuses it and nothing is lost.
 */
export function newId<K extends IdKind>(kind: K): Id<K> {
  const symbols = Array.from(randomBytes(10), (byte) => alphabet[byte % 32]).join("");
  return `${prefixes[kind]}-${symbols.slice(0, 5)}-${symbols.slice(5)}` as Id<K>;
}

/** Reads an id as people type it: any case, O for 0, I or L for 1. Returns null when it is none of this kind. */
export function parseId<K extends IdKind>(kind: K, text: string): Id<K> | null {
  if (text.length > 32) return null;
  const id = text.trim().toUpperCase();
  const body = id.slice(2).replaceAll("O", "0").replaceAll(/[IL]/g, "1");
  if (!id.startsWith(`${prefixes[kind]}-`) || !/^[0-9A-HJKMNP-TV-Z]{5}-[0-9A-HJKMNP-TV-Z]{5}$/.test(body)) return null;
  return `${prefixes[kind]}-${body}` as Id<K>;
}
