import type { Actor, Context, Database, Origin } from "../context.ts";
import { hasUnprintable } from "../protocol/index.ts";
import { secretSha256 } from "../secrets.ts";
import { isAccessToken, readAccessToken } from "./access-token.ts";

/** How often `lastSeenAt` is written at most. */
const lastSeenEveryMs = 60_000;
/** Longer than any token of ours; what is longer is not worth a digest. */
const maxTokenLength = 200;

/** What a plain token is looked up by. */
export function tokenSha256(token: string): Uint8Array<ArrayBuffer> {
  return secretSha256(token.slice(0, maxTokenLength));
}

type DeviceActor = Extract<Actor, { kind: "device" }>;
type Found = { id: string; name: string; lastSeenAt: Date | null };

/**
 * Who a bearer token belongs to; null when it is unknown, revoked or has run out, or its device may do nothing now. One
 * digest and one look-up whatever the answer to a plain token, so that its time tells nothing; the look-up is by
 * SHA-256, so that no secret is compared byte by byte. An access token's key is looked up, once its MAC is right.
 *
 * @param token as in `Authorization: Bearer <token>`
 */
export async function authenticateDevice(
  parts: Pick<Context, "db" | "clock" | "vault">,
  token: string,
  origin: Origin,
): Promise<DeviceActor | null> {
  const found = isAccessToken(token) ? await findByKey(parts, token) : await findByToken(parts.db, token);
  if (found === null) return null;
  const { device, key } = found;
  await noteSeen(parts.db, parts.clock.now(), device, origin);
  return { kind: "device", deviceId: device.id, name: device.name, ...(key === null ? {} : { key }) };
}

async function findByToken(db: Database, token: string): Promise<{ device: Found; key: null } | null> {
  const [device] = await db.$queryRaw<Found[]>`
    SELECT d.id, d.name, d.last_seen_at AS "lastSeenAt"
      FROM device_token t JOIN device d ON d.id = t.device_id
     WHERE t.token_sha256 = ${tokenSha256(token)} AND t.revoked_at IS NULL AND d.state = 'active'`;
  return device === undefined ? null : { device, key: null };
}

async function findByKey(
  parts: Pick<Context, "db" | "clock" | "vault">,
  token: string,
): Promise<{ device: Found; key: NonNullable<DeviceActor["key"]> } | null> {
  const claims = readAccessToken(parts, token);
  if (claims === null) return null;
  const { kid, deviceId, expiresAt } = claims;
  const [device] = await parts.db.$queryRaw<Found[]>`
    SELECT d.id, d.name, d.last_seen_at AS "lastSeenAt"
      FROM device_key k JOIN device d ON d.id = k.device_id
     WHERE k.kid = ${kid} AND k.revoked_at IS NULL AND d.id = ${deviceId} AND d.state = 'active'`;
  return device === undefined ? null : { device, key: { kid, expiresAt } };
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
