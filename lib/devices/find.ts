import { z } from "zod";
import type { DeviceState } from "../../generated/prisma/client.ts";
import { Prisma } from "../../generated/prisma/client.ts";
import type { Context } from "../context.ts";
import { notFound } from "../errors.ts";
import { requireId } from "../input.ts";
import { decodeCursor, type Page, pageSize, toPage, totalLimit } from "../page.ts";
import { authoriseOperator, roleMay } from "../people/index.ts";
import { readDeviceSpace } from "./device-space.ts";
import { readManifestChain } from "./manifest-chain.ts";
import { deviceTransitions } from "./states.ts";
import type { DeviceCan, DeviceDetail, DeviceRow, ManifestChainView } from "./types.ts";

/** A device row as the query below answers it. */
type DeviceRecord = Omit<DeviceRow, "site" | "lastRecording"> & {
  siteId: string | null;
  siteName: string | null;
  siteTimeZone: string | null;
  lastRecordingId: string | null;
  lastRecordingStartAt: Date | null;
};

const forwards = Prisma.sql`ORDER BY d.name`;
const backwards = Prisma.sql`ORDER BY d.name DESC`;

// One index probe for the newest recording of each device that is chosen, so that the list costs the same however
// large the catalogue is.
async function readDevices(ctx: Context, chosen: Prisma.Sql, order = forwards): Promise<DeviceRow[]> {
  const rows = await ctx.db.$queryRaw<DeviceRecord[]>`
    SELECT d.id, d.name, d.alias, d.state::text AS state, d.created_at AS "createdAt",
      d.clone_suspected_at AS "cloneSuspectedAt",
      d.last_seen_at AS "lastSeenAt", d.last_seen_from AS "lastSeenFrom",
      s.id AS "siteId", s.name AS "siteName", s.time_zone AS "siteTimeZone",
      (SELECT count(*)::int FROM device_token t WHERE t.device_id = d.id AND t.revoked_at IS NULL) AS "activeTokens",
      (SELECT count(*)::int FROM upload u WHERE u.device_id = d.id AND u.state = 'open') AS "openUploads",
      r.id AS "lastRecordingId", r.start_at AS "lastRecordingStartAt"
    FROM (SELECT * FROM device d ${chosen}) d
      LEFT JOIN site s ON s.id = d.site_id
      LEFT JOIN LATERAL (
        SELECT id, start_at FROM recording WHERE device_id = d.id ORDER BY start_at DESC, id DESC LIMIT 1
      ) r ON true
    ${order}`;
  return rows.map(({ siteId, siteName, siteTimeZone, lastRecordingId, lastRecordingStartAt, ...device }) => ({
    ...device,
    site:
      siteId === null || siteName === null || siteTimeZone === null
        ? null
        : { id: siteId, name: siteName, timeZone: siteTimeZone },
    lastRecording:
      lastRecordingId === null || lastRecordingStartAt === null
        ? null
        : { id: lastRecordingId, startAt: lastRecordingStartAt },
  }));
}

/** The sort key of a row: its name, which no other device has. */
const keyShapes = [/^.{1,160}$/su];

/**
 * One page of all devices by name, also of those that are revoked.
 *
 * @param cursor of another page's answer; null: the first page
 * @param limit rows, at most 200
 * @throws AppError unauthenticated, forbidden, invalid_input (cursor)
 */
export async function listDevices(ctx: Context, cursor: string | null = null, limit = 50): Promise<Page<DeviceRow>> {
  await authoriseOperator(ctx, "devices.list");
  const place = decodeCursor(cursor, keyShapes);
  const size = pageSize(limit);
  const isBack = place?.direction === "previous";
  const order = isBack ? backwards : forwards;
  const beyond =
    place === null ? Prisma.empty : Prisma.sql`WHERE d.name ${isBack ? Prisma.sql`<` : Prisma.sql`>`} ${place.at[0]}`;
  const [found, total] = await Promise.all([
    readDevices(ctx, Prisma.sql`${beyond} ${order} LIMIT ${size + 1}`, order),
    ctx.db.device.count(),
  ]);
  return {
    ...toPage(found, size, place, ({ name }) => [name]),
    total: Math.min(total, totalLimit),
    isTotalExact: total <= totalLimit,
  };
}

/**
 * These devices by name; ids of none are left out.
 *
 * @throws AppError unauthenticated, forbidden
 */
export async function listDevicesById(ctx: Context, ids: readonly string[]): Promise<DeviceRow[]> {
  await authoriseOperator(ctx, "devices.list");
  return readDevices(ctx, Prisma.sql`WHERE d.id = ANY(${ids})`);
}

/**
 * One device with its tokens (never their secrets) and what the caller may do with it.
 *
 * @throws AppError unauthenticated, forbidden, not_found
 */
export async function getDevice(ctx: Context, id: string): Promise<DeviceDetail> {
  const actor = await authoriseOperator(ctx, "devices.list");
  const deviceId = requireId("device", id);
  const [device] = await readDevices(ctx, Prisma.sql`WHERE d.id = ${deviceId}`);
  if (device === undefined) throw notFound("device");
  const tokens = await ctx.db.deviceToken.findMany({
    where: { deviceId },
    orderBy: [{ createdAt: "desc" }, { id: "asc" }],
    select: { id: true, createdAt: true, revokedAt: true },
  });
  const keys = await ctx.db.deviceKey.findMany({
    where: { deviceId },
    orderBy: [{ createdAt: "desc" }, { kid: "asc" }],
    omit: { deviceId: true, publicKey: true, firstTokenAt: true, previousKid: true },
  });
  const manifests = await readManifestChain(ctx.db, deviceId);
  const space = await readDeviceSpace(ctx.db, deviceId);
  const mayChange = actor.kind === "system" || roleMay(actor.role, "devices.change");
  return {
    ...device,
    tokens,
    keys: keys.map(({ fromSequence, untilSequence, ...key }) => ({
      ...key,
      fromSequence: Number(fromSequence),
      untilSequence: untilSequence === null ? null : Number(untilSequence),
    })),
    ...(await readEnrolment(ctx, deviceId)),
    manifests,
    space,
    can: deviceCan(device, manifests, mayChange),
  };
}

const factsSchema = z.record(z.string(), z.string()).catch({});

async function readEnrolment(
  ctx: Context,
  deviceId: string,
): Promise<Pick<DeviceDetail, "enrolment" | "untrustedSince">> {
  const { enrolmentCodeId, enrolmentFacts, untrustedSince } = await ctx.db.device.findUniqueOrThrow({
    where: { id: deviceId },
    select: { enrolmentCodeId: true, enrolmentFacts: true, untrustedSince: true },
  });
  if (enrolmentCodeId === null) return { enrolment: null, untrustedSince };
  return { enrolment: { codeId: enrolmentCodeId, facts: factsSchema.parse(enrolmentFacts ?? {}) }, untrustedSince };
}

function deviceCan(
  { state, cloneSuspectedAt }: DeviceRow,
  manifests: ManifestChainView | null,
  mayChange: boolean,
): DeviceCan {
  const when = (isPossible: boolean, refusal: string) => {
    if (!mayChange) return "Only administrators change devices.";
    return isPossible ? null : refusal;
  };
  const reach = (to: DeviceState, from?: DeviceState) => {
    const isPossible = (deviceTransitions[state] as readonly DeviceState[]).includes(to);
    return when(isPossible && (from === undefined || from === state), `The device is ${state}.`);
  };
  const issueToken = when(state !== "revoked", "The device is revoked.");
  return {
    issueToken,
    addKey: issueToken,
    setQuota: issueToken,
    suspend: reach("suspended"),
    resume: reach("active", "suspended"),
    revoke: reach("revoked"),
    approve: reach("active", "pending"),
    refuse: reach("revoked", "pending"),
    dismissClone: when(cloneSuspectedAt !== null, "Nothing of the kind is suspected."),
    acknowledgeGap: when((manifests?.gaps.length ?? 0) > 0, "No number is missing without a word why."),
    withdrawGapAcknowledgement: when(
      (manifests?.acknowledged.length ?? 0) > 0,
      "Nobody has said why a number is missing.",
    ),
  };
}
