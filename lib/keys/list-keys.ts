import type { Context, Database, Transaction } from "../context.ts";
import { authoriseOperator, roleMay } from "../people/index.ts";
import { type ArchiveKey, parseEd25519Jwk, toBase64Url } from "../protocol/index.ts";
import type { KeyRow } from "./types.ts";

/** All public keys, oldest first, for whoever asks: they are published. */
export async function publicKeys(db: Database | Transaction): Promise<ArchiveKey[]> {
  const rows = await db.signingKey.findMany({
    orderBy: [{ createdAt: "asc" }, { kid: "asc" }],
    omit: { encryptedPrivateKey: true },
  });
  return rows.map(({ publicKey, ...key }) => {
    const jwk = parseEd25519Jwk({ kty: "OKP", crv: "Ed25519", x: toBase64Url(publicKey) });
    return { ...key, jwk };
  });
}

/**
 * The archive's keys, newest first, with what the caller may do.
 *
 * @throws AppError unauthenticated, forbidden
 */
export async function listSigningKeys(ctx: Context): Promise<KeyRow[]> {
  const actor = await authoriseOperator(ctx, "keys.list");
  const mayRotate = actor.kind === "system" || roleMay(actor.role, "keys.rotate");
  return (await publicKeys(ctx.db)).reverse().map(({ jwk: _jwk, ...key }) => ({
    ...key,
    can: {
      rotate: key.retiredAt !== null ? "It signs no more." : mayRotate ? null : "An administrator rotates keys.",
    },
  }));
}
