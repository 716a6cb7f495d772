import type { Actor, Context, Database, Origin } from "../context.ts";
import { hasUnprintable } from "../protocol/index.ts";
import { secretSha256 } from "../secrets.ts";

/** How often `lastSeenAt` is written at most. */
const lastSeenEveryMs = 60_000;
/** Longer than any token of ours; what is longer is not worth a digest. */
const maxTokenLength = 200;

/** What a token is looked up by. */
export function tokenSha256(token: string): Uint8Array<ArrayBuffer> {
  return secretSha256(token.slice(0, maxTokenLength));
}

/**
 * Who a bearer token belongs to; null when it is unknown or revoked, or its device is suspended or revoked. One
 * digest and one look-up whatever the answer, so that its time tells nothing; the look-up is by SHA-256, so
 * that no secret is compared byte by byte.
 *
 * @param token as in `Authorization: Bearer <token>`
 */
export async function authenticateDevice(
  { db, clock }: Pick<Context, "db" | "clock" | "vault">,
  token: string,
  origin: Origin,
): Promise<Extract<Actor, { kind: "device" }> | null> {
  const [device] = await db.$queryRaw<{ id: string; name: string; lastSeenAt: Date | null }[]>`
    SELECT d.id, d.name, d.last_seen_at AS "lastSeenAt"
      FROM device_token t JOIN device d ON d.id = t.device_id
     WHERE t.token_sha256 = ${tokenSha256(token)} AND t.revoked_at IS NULL AND d.state = 'active'`;
  if (device === undefined) return null;
  await noteSeen(db, clock.now(), device, origin);
  return { kind: "device", deviceId: device.id, name: device.name };
}

async function noteSeen(db: Database, now: Date, device: { id: string; lastSeenAt: Date | null }, origin: Origin) {
  const before = new Date(now.getTime() - lastSeenEveryMs);
  if (device.lastSeenAt !== null && device.lastSeenAt > before) return;
  const agent = origin.userAgent === null || hasUnprintable(origin.userAgent) ? null : origin.userAgent.slice(0, 200);
  await db.device.updateMany({
    where: { id: device.id, OR: [{ lastSeenAt: null }, { lastSeenAt: { lte: before } }] },
    data: { lastSeenAt: now, lastSeenFrom: [origin.address, agent].filter((part) => part !== null).join(" ") || null },
  });
}
