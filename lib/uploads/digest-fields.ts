import { createHash, type Hash } from "node:crypto";
import { AppError } from "../errors.ts";
import type { BodyCheck } from "./checksum.ts";
import { maxChecksummedBytes, tooLongForChecksum } from "./checksum.ts";
import { parseByteDictionary } from "./structured-fields.ts";

// Digest fields (RFC 9530), with the problem types of draft-ietf-httpapi-digest-fields-problem-types. Algorithms are
// those that RFC 9530 has as active.

const lengths = new Map([
  ["sha-256", 32],
  ["sha-512", 64],
]);
type DigestField = "Content-Digest" | "Repr-Digest";
type Digest = { algorithm: string; bytes: Uint8Array; serialized: string };
const registry = "https://iana.org/assignments/http-problem-types#";

/** What a refusal for an algorithm is answered with (RFC 9530, 4). */
export const wantedDigests = {
  "Want-Content-Digest": "sha-512=9, sha-256=10",
  "Want-Repr-Digest": "sha-256=10",
} as const;

/**
 * Reads an integrity field. Algorithms that are not known are left out, as RFC 9530 (2) allows, unless no other is there.
 *
 * @throws AppError invalid_input, digest_invalid, digest_unsupported
 */
function parseDigests(field: DigestField, text: string, known: readonly string[]): Digest[] {
  const members = parseByteDictionary(text);
  if (members === null) throw new AppError("invalid_input", `${field} is as in sha-256=:…:.`, { field });
  const digests = Array.from(members, ([algorithm, value]) => ({ algorithm, ...value }));
  const usable = digests.filter(({ algorithm }) => known.includes(algorithm));
  if (usable.length === 0)
    throw new AppError("digest_unsupported", `${field} needs one of ${known.join(", ")}.`, {
      field,
      problem: {
        type: `${registry}digest-unsupported-algorithms`,
        "unsupported-algorithms": digests.map(({ algorithm }) => ({ algorithm, header: field })),
      },
    });
  const wrong = usable.filter(({ algorithm, bytes }) => bytes.byteLength !== lengths.get(algorithm));
  if (wrong.length === 0) return usable;
  throw new AppError("digest_invalid", `${field} holds what cannot be such a digest.`, {
    field,
    problem: {
      type: `${registry}digest-invalid-values`,
      "invalid-digests": wrong.map(({ algorithm }) => ({
        algorithm,
        header: field,
        reason: `digest value is not ${lengths.get(algorithm)} bytes long`,
      })),
    },
  });
}

/** "The problem type intentionally does not include the digest value calculated by the server". */
function mismatch(field: DigestField, wrong: readonly Digest[]): AppError {
  return new AppError("digest_mismatch", `${field} is not what came. Nothing of this body was kept; send it again.`, {
    field,
    problem: {
      type: `${registry}digest-mismatching-values`,
      "mismatching-digests": wrong.map(({ algorithm, serialized }) => ({
        algorithm,
        "provided-digest": serialized,
        header: field,
      })),
    },
  });
}

/** The digests of one body, computed while it passes. */
class ContentDigest implements BodyCheck {
  readonly #digests: readonly { expected: Digest; hash: Hash }[];

  constructor(digests: readonly Digest[]) {
    this.#digests = digests.map((expected) => ({ expected, hash: createHash(expected.algorithm.replace("-", "")) }));
  }

  update(buffers: readonly Uint8Array[]): void {
    for (const { hash } of this.#digests) for (const buffer of buffers) hash.update(buffer);
  }

  verify(): void {
    const wrong = this.#digests.filter(({ expected, hash }) => !hash.digest().equals(expected.bytes));
    if (wrong.length > 0)
      throw mismatch(
        "Content-Digest",
        wrong.map(({ expected }) => expected),
      );
  }
}

/**
 * What Content-Digest says of a request's body; null: nothing. "If the digests don't match the server SHOULD consider
 * the transfer failed, not append the content to the upload resource" (Integrity Digests), so such a body is kept whole
 * or not at all, like one with a checksum of tus.
 *
 * @throws AppError invalid_input, digest_invalid, digest_unsupported, too_large
 */
export function contentDigestOf(headers: Readonly<Record<string, string | undefined>>): BodyCheck | null {
  const text = headers["content-digest"];
  if (text === undefined) return null;
  const digests = parseDigests("Content-Digest", text, ["sha-256", "sha-512"]);
  if (Number(headers["content-length"] ?? 0) > maxChecksummedBytes) throw tooLongForChecksum();
  return new ContentDigest(digests);
}

/**
 * The SHA-256 of the whole file that Repr-Digest says, in hexadecimal digits; null: none. It is what reading back
 * compares with, as the metadata key sha256 of tus.
 *
 * @throws AppError invalid_input, digest_invalid, digest_unsupported
 */
export function reprSha256Of(headers: Readonly<Record<string, string | undefined>>): string | null {
  const text = headers["repr-digest"];
  if (text === undefined) return null;
  const [digest] = parseDigests("Repr-Digest", text, ["sha-256"]);
  return digest === undefined ? null : Buffer.from(digest.bytes).toString("hex");
}

/**
 * Refuses a Repr-Digest that is another one than was declared.
 *
 * @throws AppError digest_mismatch
 */
export function refuseOtherRepr(given: string | null, declared: string | null): void {
  if (given === null || declared === null || given === declared) return;
  const serialized = `:${Buffer.from(given, "hex").toString("base64")}:`;
  throw mismatch("Repr-Digest", [{ algorithm: "sha-256", bytes: Buffer.from(given, "hex"), serialized }]);
}
