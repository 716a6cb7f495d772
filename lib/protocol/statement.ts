import { createHash, type KeyObject } from "node:crypto";
import { z } from "zod";
import { canonicalJson, parseCanonicalJson } from "./canonical-json.ts";
import type { Sha256Hex } from "./digest.ts";
import { ed25519JwkOf, jwkThumbprint } from "./jwk.ts";
import { signJws } from "./jws.ts";
import { fileName, sha256, text, time } from "./members.ts";
import { ProtocolError } from "./protocol-error.ts";

/** `typ` in the header of a signed statement, so that it cannot pass for a manifest, nor a manifest for it. */
export const statementType = "strongroom-statement";
/** Content-Type of a signed statement: a JWS in compact form (RFC 7515, section 9.2.1). */
export const statementMediaType = "application/jose";
/** Most bytes of a signed statement. */
export const maxStatementBytes = 16 * 1024;

/** A statement that cannot be taken; `member` names what is wrong in it, null when it is the document as a whole. */
export class StatementError extends Error {
  readonly member: string | null;

  constructor(member: string | null, problem: string) {
    super(member === null ? problem : `Statement: ${member} ${problem}.`);
    this.name = "StatementError";
    this.member = member;
  }
}

/** Why a recording that was described will not come. */
export const tombstoneReasons = ["evicted", "changed", "vanished", "discarded"] as const;
/** Why a recording that was described will not come. */
export type TombstoneReason = (typeof tombstoneReasons)[number];

const wholeNumber = (min: number) =>
  z.number("must be a number").refine((value) => Number.isSafeInteger(value) && value >= min, {
    error: `must be a whole number, at least ${min}`,
  });
const link = {
  version: z.literal(1, "must be 1; this archive knows no other"),
  device: text(32),
  /** The device's next number: manifests and statements have one numbering. */
  sequence: wholeNumber(1),
  /** SHA-256 of the payload of the link before, of whichever kind. */
  previous: sha256.nullable(),
  at: time,
  clock: z
    .looseObject({
      source: text(40),
      offsetMs: z.number("must be a number of milliseconds").min(-1e15).max(1e15).optional(),
    })
    .optional(),
};

// Loose, as a manifest is: a member that is not known here was signed all the same.
const schema = z.discriminatedUnion(
  "kind",
  [
    z.looseObject({
      ...link,
      kind: z.literal("tombstone"),
      /** The manifest whose recording will not come; whether it was announced does not matter. */
      of: z.looseObject({ sequence: wholeNumber(1), manifestSha256: sha256 }),
      reason: z.enum(tombstoneReasons, `must be one of ${tombstoneReasons.join(", ")}`),
      sha256,
      sizeBytes: wholeNumber(0),
      fileName,
    }),
    z.looseObject({
      ...link,
      kind: z.literal("gap"),
      /** What recorded nothing, as the device names it. */
      source: text(100),
      from: time,
      until: time,
      reason: text(300),
    }),
  ],
  "must be tombstone or gap",
);

/** A link of a device's chain that announces no recording, but says why one will not come or was never made. */
export type Statement = z.output<typeof schema>;
/** Of those, the one that a recording will not come. */
export type Tombstone = Extract<Statement, { kind: "tombstone" }>;

/**
 * Builds a statement: fills in the version and checks the rest as the archive will.
 *
 * @throws StatementError
 */
export function buildStatement(facts: DistributiveOmit<z.input<typeof schema>, "version">): Statement {
  return checkStatement({ ...facts, version: 1 });
}
type DistributiveOmit<T, K extends string> = T extends unknown
  ? { [P in keyof T as P extends K ? never : P]: T[P] }
  : never;

/** Signs a statement with the device's Ed25519 key, as a compact JWS that names the key by its thumbprint. */
export function signStatement(statement: Statement, key: KeyObject): string {
  const kid = jwkThumbprint(ed25519JwkOf(key));
  return signJws(Buffer.from(canonicalJson(statement)), key, { kid, typ: statementType });
}

/** SHA-256 of a statement's canonical payload: what the next link of the device says as `previous`. */
export function statementSha256(payload: Uint8Array): Sha256Hex {
  return createHash("sha256").update(payload).digest("hex") as Sha256Hex; // 32 bytes
}

/**
 * Reads the payload of a statement whose signature was found right.
 *
 * @throws StatementError also when it is not in canonical form
 */
export function readStatement(payload: Uint8Array): Statement {
  let value: unknown;
  try {
    value = parseCanonicalJson(new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(payload));
  } catch (error) {
    if (error instanceof ProtocolError)
      throw new StatementError(null, `The statement cannot be read. ${error.message}`);
    throw new StatementError(null, "The statement is not UTF-8.");
  }
  return checkStatement(value);
}

function checkStatement(value: unknown): Statement {
  const result = schema.safeParse(value);
  if (!result.success) {
    const [issue] = result.error.issues;
    throw new StatementError(issue?.path.join(".") || "it", issue?.message ?? "cannot be taken");
  }
  const statement = result.data;
  // PostgreSQL's jsonb has no NUL, and a text with one is nobody's honest word.
  if (canonicalJson(statement).includes("\\u0000")) throw new StatementError(null, "A statement must not contain NUL.");
  if (statement.kind === "gap" && new Date(statement.until) < new Date(statement.from))
    throw new StatementError("until", "must not lie before from");
  if (statement.kind === "tombstone" && statement.of.sequence >= statement.sequence)
    throw new StatementError("of.sequence", "must be a number before the statement's own");
  return statement;
}

/** What `POST /api/devices/statements` answers, the same each time. */
export type StatementView = {
  sequence: number;
  /** SHA-256 of the statement's payload: `previous` of the next link. */
  sha256: string;
  chain: "first" | "in_order" | "gap" | "fork";
};
