import { createHash, type KeyObject } from "node:crypto";
import { z } from "zod";
import { canonicalJson, parseCanonicalJson } from "./canonical-json.ts";
import { chunkCount, maxChunkSizeBytes, minChunkSizeBytes } from "./chunk-grid.ts";
import type { Sha256Hex } from "./digest.ts";
import { ed25519JwkOf, jwkThumbprint } from "./jwk.ts";
import { signJws } from "./jws.ts";
import { fileName, sha256, text, time } from "./members.ts";
import { leafHash, merkleRoot, nodesOf } from "./merkle.ts";
import { ProtocolError } from "./protocol-error.ts";

/** `typ` in the header of a signed manifest, so that nothing else that a device signs can pass for one. */
export const manifestType = "strongroom-manifest";
/** Content-Type of a signed manifest: a JWS in compact form (RFC 7515, section 9.2.1). */
export const manifestMediaType = "application/jose";
/** Most chunks that one manifest describes: 512 GiB in chunks of 8 MiB. */
const maxManifestChunks = 65_536;
/** Most bytes of a signed manifest, which is room for that many digests. */
export const maxManifestBytes = 6 * 1024 * 1024;
/** Most bytes of everything but the chunk digests. */
const maxFactsBytes = 64 * 1024;
const maxTags = 64;
const maxSidecars = 64;

/** A manifest that cannot be taken; `member` names what is wrong in it, null when it is the document as a whole. */
export class ManifestError extends Error {
  readonly member: string | null;

  constructor(member: string | null, problem: string) {
    super(member === null ? problem : `Manifest: ${member} ${problem}.`);
    this.name = "ManifestError";
    this.member = member;
  }
}

const wholeNumber = (min: number, max: number) =>
  z.number("must be a number").refine((value) => Number.isSafeInteger(value) && value >= min && value <= max, {
    error: `must be a whole number from ${min} to ${max}`,
  });

const milliseconds = (min: number) =>
  z.number("must be a number of milliseconds").min(min, `must not be below ${min}`).max(1e15, "must not be that large");

/** How far the device's clock could be trusted when it stamped the capture. What is not known is left out. */
const clock = z.looseObject({
  /** What the clock was set by: gnss, ptp, ntp, rtc, manual, unknown, or a word of the maker's. */
  source: text(40),
  /** By how much it was ahead of that source (behind: negative) when it was last compared. */
  offsetMs: milliseconds(-1e15).optional(),
  /** Half the width of the interval in which true time lay. */
  uncertaintyMs: milliseconds(0).optional(),
});

const sidecar = z.looseObject({ name: fileName, sizeBytes: wholeNumber(0, Number.MAX_SAFE_INTEGER), sha256 });

// Loose: a member that is not known here was signed all the same and stays in the document (docs/decisions).
const schema = z
  .looseObject({
    version: z.literal(1, "must be 1; this archive knows no other"),
    device: text(32),
    sequence: wholeNumber(1, Number.MAX_SAFE_INTEGER),
    previous: sha256.nullable(),
    fileName,
    mediaType: z
      .string("must be text")
      .regex(/^[a-z0-9!#$&^_.+-]{1,100}\/[a-z0-9!#$&^_.+-]{1,100}$/, "must be a media type, as in video/mp4"),
    sizeBytes: wholeNumber(0, Number.MAX_SAFE_INTEGER),
    sha256,
    chunkSizeBytes: wholeNumber(minChunkSizeBytes, maxChunkSizeBytes),
    chunkSha256: z
      .array(sha256, "must be a list")
      .max(maxManifestChunks, `must not have more than ${maxManifestChunks}`),
    merkleRoot: sha256,
    complete: z.boolean("must be true or false"),
    capturedFrom: time.optional(),
    capturedUntil: time.optional(),
    clock: clock.optional(),
    source: text(100).optional(),
    alias: text(100).optional(),
    place: text(300).optional(),
    tags: z.array(text(100), "must be a list").max(maxTags, `must not have more than ${maxTags}`).optional(),
    sidecars: z.array(sidecar, "must be a list").max(maxSidecars, `must not have more than ${maxSidecars}`).optional(),
    metadata: z.record(z.string(), z.unknown(), "must be an object").optional(),
  })
  .superRefine((manifest, check) => {
    const [member, problem] = contradiction(manifest) ?? [];
    if (member !== undefined && problem !== undefined)
      check.addIssue({ code: "custom", path: [member], message: problem });
  });

/** What a device says about one recording before its first byte. Digests as lower-case hexadecimal digits. */
export type Manifest = z.output<typeof schema>;

type Facts = {
  sizeBytes: number;
  sha256: string;
  chunkSizeBytes: number;
  chunkSha256: string[];
  merkleRoot: string;
  capturedFrom?: string | undefined;
  capturedUntil?: string | undefined;
};

/** The first two members that cannot both be true. */
function contradiction(facts: Facts): [member: string, problem: string] | null {
  const { sizeBytes, chunkSizeBytes, chunkSha256, capturedFrom, capturedUntil } = facts;
  const chunks = chunkCount(sizeBytes, chunkSizeBytes);
  if (chunkSha256.length !== chunks) return ["chunkSha256", `must have ${chunks} digests, one for every chunk`];
  if (chunkRoot(chunkSha256) !== facts.merkleRoot) return ["merkleRoot", "is not the root over chunkSha256"];
  const whole = chunks === 0 ? emptySha256 : chunks === 1 ? chunkSha256[0] : facts.sha256;
  if (whole !== facts.sha256) return ["sha256", "is not that of the only chunk"];
  if (capturedUntil !== undefined && capturedFrom === undefined)
    return ["capturedFrom", "must be given when capturedUntil is"];
  if (capturedFrom !== undefined && capturedUntil !== undefined && new Date(capturedUntil) < new Date(capturedFrom))
    return ["capturedUntil", "must not lie before capturedFrom"];
  return null;
}

const emptySha256 = createHash("sha256").digest("hex");

/** Merkle root (RFC 6962, section 2.1) with the chunks' raw digests as leaves, in order. */
export function chunkRoot(chunkSha256: readonly string[]): Sha256Hex {
  const leaves = chunkSha256.map((digest) => leafHash(Buffer.from(digest, "hex")));
  return merkleRoot(leaves.length, nodesOf(leaves)).toString("hex") as Sha256Hex; // 32 bytes
}

/** SHA-256 of a manifest's canonical payload: its name, and what the next one of the device says as `previous`. */
export function manifestSha256(payload: Uint8Array): Sha256Hex {
  return createHash("sha256").update(payload).digest("hex") as Sha256Hex; // 32 bytes
}

/**
 * Builds a manifest: fills in version and Merkle root, and checks the rest as the archive will.
 *
 * @throws ManifestError
 */
export function buildManifest(facts: Omit<z.input<typeof schema>, "version" | "merkleRoot">): Manifest {
  // Types cannot say "all but these" of an object that may have more members; the schema checks them anyway.
  const { chunkSha256 } = facts as { chunkSha256: string[] };
  return checkManifest({ ...facts, version: 1, merkleRoot: chunkRoot(chunkSha256) });
}

/** Signs a manifest with the device's Ed25519 key, as a compact JWS that names the key by its thumbprint. */
export function signManifest(manifest: Manifest, key: KeyObject): string {
  const kid = jwkThumbprint(ed25519JwkOf(key));
  return signJws(Buffer.from(canonicalJson(manifest)), key, { kid, typ: manifestType });
}

/**
 * Reads the payload of a manifest whose signature was found right.
 *
 * @throws ManifestError also when it is not in canonical form
 */
export function readManifest(payload: Uint8Array): Manifest {
  let value: unknown;
  try {
    value = parseCanonicalJson(new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(payload));
  } catch (error) {
    if (error instanceof ProtocolError) throw new ManifestError(null, `The manifest cannot be read. ${error.message}`);
    throw new ManifestError(null, "The manifest is not UTF-8.");
  }
  return checkManifest(value);
}

function checkManifest(value: unknown): Manifest {
  const result = schema.safeParse(value);
  if (!result.success) {
    const [issue] = result.error.issues;
    throw new ManifestError(issue?.path.join(".") || "it", issue?.message ?? "cannot be taken");
  }
  const { chunkSha256: _, ...facts } = result.data;
  if (canonicalJson(facts).length > maxFactsBytes)
    throw new ManifestError(null, `Beside the chunk digests a manifest has at most ${maxFactsBytes} bytes.`);
  // PostgreSQL's jsonb has no NUL, and a text with one is nobody's honest metadata.
  if (canonicalJson(facts).includes("\\u0000")) throw new ManifestError(null, "A manifest must not contain NUL.");
  return result.data;
}
