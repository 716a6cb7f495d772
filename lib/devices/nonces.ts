import { createHash, randomBytes, timingSafeEqual } from "node:crypto";
import type { Context, Transaction } from "../context.ts";
import { AppError } from "../errors.ts";
import { fromBase64Url, toBase64Url } from "../protocol/index.ts";

/** How long a nonce is good. */
export const nonceSeconds = 300;

const label = "device nonce v1";
const timeBytes = 6;
const randomLength = 10;
const macLength = 16;
/** Expired ones that each new row takes along, so that the table stays as small as its use. */
const sweptAtOnce = 10;
/** Kept beyond their end: by the clock of another server, which may be behind, they are still good. */
const keptMs = 10 * 60_000;

type Maker = Pick<Context, "vault" | "clock">;

/** A new nonce: when it runs out, random bytes and an HMAC over both. Nothing is kept of it until it is used. */
export function newNonce({ vault, clock }: Maker): string {
  const head = Buffer.alloc(timeBytes + randomLength);
  head.writeUIntBE(clock.now().getTime() + nonceSeconds * 1000, 0, timeBytes);
  randomBytes(randomLength).copy(head, timeBytes);
  return toBase64Url(Buffer.concat([head, vault.mac(label, head).subarray(0, macLength)]));
}

/** When a nonce of this archive runs out; null: it has, or is none. */
function expiryOf({ vault, clock }: Maker, nonce: string): Date | null {
  const bytes = fromBase64Url(nonce);
  if (bytes === null || bytes.length !== timeBytes + randomLength + macLength) return null;
  const head = bytes.subarray(0, timeBytes + randomLength);
  if (!timingSafeEqual(vault.mac(label, head).subarray(0, macLength), bytes.subarray(head.length))) return null;
  const expiresAt = new Date(bytes.readUIntBE(0, timeBytes));
  return expiresAt > clock.now() ? expiresAt : null;
}

/**
 * Uses a nonce up, in the transaction of the act that it is for.
 *
 * @throws AppError nonce_invalid, with a fresh one
 */
export async function spendNonce(ctx: Context, tx: Transaction, nonce: string): Promise<void> {
  const expiresAt = expiryOf(ctx, nonce);
  if (expiresAt === null) throw nonceInvalid(ctx);
  const nonceSha256 = new Uint8Array(createHash("sha256").update(nonce).digest());
  const { count } = await tx.spentNonce.createMany({ data: [{ nonceSha256, expiresAt }], skipDuplicates: true });
  if (count === 0) throw nonceInvalid(ctx);
  const before = new Date(ctx.clock.now().getTime() - keptMs);
  await tx.$executeRaw`
    DELETE FROM spent_nonce WHERE nonce_sha256 IN (
      SELECT nonce_sha256 FROM spent_nonce WHERE expires_at < ${before}
       ORDER BY expires_at LIMIT ${sweptAtOnce}::int FOR UPDATE SKIP LOCKED)`;
}

function nonceInvalid(ctx: Context): AppError {
  const message = "This nonce was used, has run out or is another archive's. Sign with the one that comes with this.";
  return new AppError("nonce_invalid", message, { members: { nonce: newNonce(ctx) } });
}
