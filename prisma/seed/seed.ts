import type { Prisma } from "../../generated/prisma/client.ts";
import type { Context } from "../../lib/context.ts";
import { addDevice, addDeviceKey, addSite } from "../../lib/devices/index.ts";
import { recordingKey } from "../../lib/recordings/index.ts";
import { type KnownDevice, pastWeeks } from "./catalogue.ts";
import { cameras, catalogueWeeks, type PersonKey, type SiteKey, sites, vans } from "./company.ts";
import { seedFleet, seedPolicies } from "./fleet.ts";
import { SigningDevice, signingDevices } from "./manifests.ts";
import { type DemoPerson, seedPeople } from "./people.ts";
import { pastRequests, type Target } from "./requests.ts";

/** What the demonstration made: who can sign in, and the devices of the story with their tokens. */
export type DemoWorld = {
  people: Record<PersonKey, DemoPerson>;
  devices: { id: string; name: string; alias: string; token: string }[];
  recordingCount: number;
};

const dayMs = 86_400_000;
/** How old the recordings are, in days, that the requests of requests.ts ask for, in their order. */
const requestAges = [20, 13, 9, 6, 2, 1.2, 0.6];

/**
 * Fills an empty archive with a small believable company and some weeks of its life. Everything that people do
 * goes through the verbs, with a clock set to when they did it; the recordings of the past are written as rows,
 * with the bytes, digests and custody events that receiving and sealing would have left.
 */
export async function seed(base: Context, say: (text: string) => void): Promise<DemoWorld> {
  const now = base.clock.now();
  let time = new Date(now.getTime() - (catalogueWeeks * 7 + 2) * dayMs);
  const ctx: Context = { ...base, clock: { now: () => time }, origin: { address: "127.0.0.1", userAgent: null } };

  const people = await seedPeople(ctx);
  const asAdmin = { ...ctx, actor: people.admin.actor };
  const siteIds = new Map<SiteKey, string>();
  for (const [key, site] of Object.entries(sites) as [SiteKey, (typeof sites)[SiteKey]][])
    siteIds.set(key, (await addSite(asAdmin, site)).id);
  const devices: DemoWorld["devices"] = [];
  for (const van of vans) {
    const { deviceId, token } = await addDevice(asAdmin, { name: van.name, alias: van.alias, siteId: null });
    devices.push({ id: deviceId, name: van.name, alias: van.alias, token });
  }
  for (const camera of cameras) {
    const { deviceId, token } = await addDevice(asAdmin, {
      name: camera.name,
      alias: camera.alias,
      siteId: siteIds.get(camera.site) ?? null,
    });
    devices.push({ id: deviceId, name: camera.name, alias: camera.alias, token });
  }
  const signers = new Map<string, SigningDevice>();
  for (const device of devices) {
    if (!(device.name in signingDevices)) continue;
    const signer = new SigningDevice(
      device.id,
      device.name,
      signingDevices[device.name as keyof typeof signingDevices],
    );
    await addDeviceKey(asAdmin, { deviceId: device.id, key: signer.publicKey });
    signers.set(device.id, signer);
  }
  say(`${Object.keys(people).length} people, ${siteIds.size} sites, ${devices.length} devices`);

  const policies = await seedPolicies(asAdmin, devices);

  const { targets, events, count } = await writeCatalogue(
    base,
    new Map(devices.map((device) => [device.name, device])),
    siteIds,
    signers,
    now,
  );
  for (const act of pastRequests(people, targets, now)) {
    await writeEventsUntil(base, events, act.at);
    time = act.at;
    await act.run(ctx);
  }
  await writeEventsUntil(base, events, now);
  const setTime = (at: Date) => {
    time = at;
  };
  await seedFleet(ctx, { setTime, admin: asAdmin, officer: people.officer, devices, policies, now });
  say(`${count} recordings of ${catalogueWeeks} weeks, 7 requests in different states`);
  return { people, devices, recordingCount: count };
}

async function writeCatalogue(
  ctx: Context,
  devices: ReadonlyMap<string, KnownDevice>,
  siteIds: ReadonlyMap<SiteKey, string>,
  signers: ReadonlyMap<string, SigningDevice>,
  now: Date,
) {
  const events: Prisma.CustodyEventCreateManyInput[] = [];
  const recordings: Prisma.RecordingCreateManyInput[] = [];
  const uploads: Prisma.UploadCreateManyInput[] = [];
  const chunks: Prisma.ChunkCreateManyInput[] = [];
  const manifests: Prisma.ManifestCreateManyInput[] = [];
  const targets: Target[] = [];
  for (const past of pastWeeks(now, devices, sites)) {
    const siteId = siteIds.get(past.site) ?? "";
    const recording = { ...past.recording, siteId };
    await ctx.storage.put(recordingKey(recording.id), past.file);
    recordings.push(recording);
    const signed = signers.get(recording.deviceId)?.sign(past) ?? null;
    uploads.push({ ...past.upload, manifestSha256: signed?.manifest.manifestSha256 ?? null });
    if (signed !== null) {
      manifests.push(signed.manifest);
      events.push(...signed.events);
    }
    chunks.push(...past.chunks);
    events.push(...past.events);
    if (recording.state === "sealed" && recording.source === "rear")
      targets.push({
        recordingId: recording.id,
        siteId,
        siteName: sites[past.site].name,
        timeZone: sites[past.site].timeZone,
        startAt: new Date(recording.startAt),
        endAt: new Date(recording.endAt),
      });
  }
  await ctx.db.recording.createMany({ data: recordings });
  await ctx.db.manifest.createMany({ data: manifests });
  await ctx.db.upload.createMany({ data: uploads });
  await ctx.db.chunk.createMany({ data: chunks });
  await ctx.db.$executeRaw`UPDATE "device" d SET "last_seen_at" = s.at, "last_seen_from" = s.from FROM (
    SELECT DISTINCT ON (u.device_id) u.device_id, u.last_activity_at AS at, c.received_from AS from
    FROM "upload" u JOIN "chunk" c ON c.recording_id = u.recording_id ORDER BY u.device_id, u.last_activity_at DESC) s
    WHERE s.device_id = d.id`;
  events.sort((a, b) => new Date(a.at).getTime() - new Date(b.at).getTime());
  // Requests are about days that lie behind them, and about places that differ.
  const spread: Target[] = [];
  for (const age of requestAges) {
    const newest = now.getTime() - age * dayMs;
    const candidates = targets.filter((target) => target.endAt.getTime() < newest).reverse();
    const isNew = (target: Target) => spread.slice(-2).every((used) => used.siteId !== target.siteId);
    const target = candidates.find(isNew);
    if (target !== undefined) spread.push(target);
  }
  return { targets: spread, events, count: recordings.length };
}

async function writeEventsUntil(
  ctx: Context,
  events: Prisma.CustodyEventCreateManyInput[],
  until: Date,
): Promise<void> {
  const later = events.findIndex((event) => new Date(event.at) > until);
  const due = events.splice(0, later === -1 ? events.length : later);
  for (let start = 0; start < due.length; start += 2000) {
    await ctx.db.custodyEvent.createMany({ data: due.slice(start, start + 2000) });
  }
}
