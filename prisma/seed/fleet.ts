// How the demonstration's devices are in the field: policies, heartbeats of a month, and what is the matter with some.
import { generateKeyPairSync } from "node:crypto";
import type { Context } from "../../lib/context.ts";
import { dismissClone, enrolDevice, makeEnrolmentCode, newNonce, noteInstance } from "../../lib/devices/index.ts";
import {
  addPolicy,
  askForFile,
  assignPolicy,
  changePolicy,
  listPolicies,
  receiveHeartbeat,
} from "../../lib/fleet/index.ts";
import { readEnrolmentCode, signEnrolmentProof } from "../../lib/protocol/index.ts";
import type { DemoPerson } from "./people.ts";

const minuteMs = 60_000;
const hourMs = 60 * minuteMs;
const dayMs = 24 * hourMs;
const GB = 1e9;
const server = "https://archive.turia.example";

type Device = { id: string; name: string };
type PolicyKey = "vans" | "guarded" | "sites";
type State = {
  policy: PolicyKey;
  /** How long ago it was heard last. */
  heardMs: number;
  /** Hours of the day, in UTC, in which it is switched on. */
  hours: [number, number];
  /** What the heartbeat says beside what all say. */
  says: Record<string, unknown>;
};

const file = (fileName: string, gigabytes: number, kind = "bulk") => ({
  fileName,
  sizeBytes: Math.round(gigabytes * GB),
  class: kind,
});
const next = (fileName: string, gigabytes: number, kind = "bulk") => ({
  ...file(fileName, gigabytes, kind),
  sha256: null,
  capturedFrom: null,
});
const queue = (files: number, gigabytes: number, oldestAgeMs: number | null, events = 0) => ({
  queue: { files, bytes: Math.round(gigabytes * GB), events, oldestAt: null, oldestAgeMs },
});
const disk = (total: number, free: number, unreceipted: number) => ({
  disk: { totalBytes: total * GB, freeBytes: free * GB, unreceiptedBytes: Math.round(unreceipted * GB) },
});
const idle = {
  ...queue(0, 0, null),
  waiting: { reason: "nothing", detail: "Everything is in the archive.", untilMs: null },
};

// ATM cam Colón has an uploader of another kind: a plain token, and never a heartbeat.
const states: Record<string, State> = {
  "Van 04": {
    policy: "vans",
    heardMs: 12_000,
    hours: [5, 21],
    says: {
      ...queue(5, 3.1, 47 * minuteMs, 1),
      ...disk(512, 318, 3.1),
      sending: [
        { ...file("van-04_rear_0931.mp4", 0.74, "event"), acknowledgedBytes: 0.52 * GB, bytesPerSecond: 1_900_000 },
      ],
      next: [
        next("van-04_cabin_0931.mp4", 0.71, "event"),
        next("van-04_rear_0916.mp4", 0.83),
        next("van-04_rear_0901.mp4", 0.82),
      ],
      link: { isMetered: true, interface: "wwan0" },
      clock: { source: "gnss", offsetMs: 180 },
    },
  },
  "Van 07": {
    policy: "vans",
    heardMs: 31_000,
    hours: [5, 21],
    says: {
      ...queue(23, 18.4, 6.2 * hourMs),
      ...disk(512, 241, 18.4),
      waiting: {
        reason: "metered",
        detail: "wwan0 costs money, and ordinary recordings wait for a link that is free.",
        untilMs: null,
      },
      next: [
        next("van-07_rear_0312.mp4", 0.8),
        next("van-07_cabin_0312.mp4", 0.77),
        next("van-07_rear_0327.mp4", 0.81),
      ],
      link: { isMetered: true, interface: "wwan0" },
      clock: { source: "gnss", offsetMs: -90 },
    },
  },
  "Van 09": {
    policy: "guarded",
    heardMs: 3.4 * hourMs,
    hours: [5, 21],
    says: {
      ...queue(9, 7.2, 2.5 * hourMs),
      ...disk(512, 402, 7.2),
      waiting: { reason: "offline", detail: "There is no network.", untilMs: null },
      clock: { source: "gnss", offsetMs: 40 },
    },
  },
  "Van 12": {
    policy: "vans",
    heardMs: 25_000,
    hours: [6, 20],
    says: { ...idle, ...disk(512, 377, 0), clock: { source: "gnss", offsetMs: 20 } },
  },
  "Van 21": {
    policy: "vans",
    heardMs: 40_000,
    hours: [5, 22],
    says: { ...idle, ...disk(256, 88, 0), clock: { source: "ntp", offsetMs: 410 } },
  },
  "Van 31": {
    policy: "vans",
    heardMs: 8_000,
    hours: [6, 19],
    says: {
      ...queue(2, 1.6, 22 * minuteMs),
      ...disk(512, 455, 1.6),
      waiting: { reason: "server", detail: "The archive asked it to wait (503).", untilMs: 42_000 },
      clock: { source: "gnss", offsetMs: 0 },
    },
  },
  "Gate cam 1": {
    policy: "sites",
    heardMs: 17_000,
    hours: [0, 23],
    says: { ...idle, ...disk(2000, 1240, 0), clock: { source: "ntp", offsetMs: -12 } },
  },
  "Gate cam 2": {
    policy: "sites",
    heardMs: 35_000,
    hours: [0, 23],
    says: { ...idle, ...disk(2000, 1310, 0), clock: { source: "rtc", offsetMs: -74_000 } },
  },
};

/** Policies of the company, made when the archive was new; one was changed since. */
export async function seedPolicies(admin: Context, devices: readonly Device[]): Promise<Record<PolicyKey, string>> {
  const onMobile = {
    transfer: {
      metered: { bulk: "hold" as const, events: "send" as const, interfaces: ["wwan*"] },
      budgets: { events: { dayBytes: 3 * GB, monthBytes: 40 * GB } },
    },
    events: { tags: ["panic", "crash"], names: ["events/*"] },
    deletion: { policy: "after_receipt" as const, holdHours: 72, keepFreeBytes: 50 * GB },
  };
  const vans = await addPolicy(admin, { name: "Vans on mobile links", silentAfterSeconds: 43_200, settings: onMobile });
  const guarded = await addPolicy(admin, {
    name: "Guarded routes",
    silentAfterSeconds: 900,
    keyMaxAgeDays: 90,
    settings: { ...onMobile, heartbeatSeconds: 20, order: "newest" },
  });
  const sites = await addPolicy(admin, {
    name: "Cameras at sites",
    silentAfterSeconds: 43_200,
    settings: {
      transfer: {
        timetable: [
          { days: ["mon", "tue", "wed", "thu", "fri"], from: "08:00", to: "18:00", rateBytesPerSecond: 500_000 },
        ],
      },
    },
  });
  const ids = { vans: vans.id, guarded: guarded.id, sites: sites.id };
  for (const { id, name } of devices) {
    const state = states[name];
    if (state !== undefined) await assignPolicy(admin, { deviceId: id, policyId: ids[state.policy] });
  }
  return ids;
}

type Field = {
  /** Sets the clock of the contexts. */
  setTime: (at: Date) => void;
  admin: Context;
  officer: DemoPerson;
  devices: readonly Device[];
  policies: Record<PolicyKey, string>;
  now: Date;
};

/** What the devices said until now, and what people did about it. */
export async function seedFleet(ctx: Context, { setTime, admin, officer, devices, policies, now }: Field) {
  const ago = (ms: number) => setTime(new Date(now.getTime() - ms));
  ago(3 * dayMs);
  await changePolicy(admin, policies.vans, { settings: { transfer: { budgets: { bulk: { dayBytes: 2 * GB } } } } });
  const versions = new Map((await listPolicies(admin)).map(({ id, version }) => [id, version]));
  await suspectAndDismiss(ctx, admin, devices.find(({ name }) => name === "Van 12")?.id ?? "", ago);
  for (const device of devices) {
    const state = states[device.name];
    if (state === undefined) continue;
    await writeSeries(ctx, device.id, state, now);
    ago(state.heardMs);
    await receiveHeartbeat(
      { ...ctx, actor: { kind: "device", deviceId: device.id, name: device.name } },
      { ...said(state, now), configVersion: versions.get(policies[state.policy]) ?? null },
    );
    // An upload that the catalogue wrote may be newer than its silence.
    const heardAt = new Date(now.getTime() - state.heardMs);
    await ctx.db.$executeRaw`
      UPDATE device SET last_seen_at = ${heardAt} WHERE id = ${device.id} AND last_seen_at > ${heardAt}`;
  }
  ago(26 * minuteMs);
  const van = devices.find(({ name }) => name === "Van 07")?.id ?? "";
  await askForFile(
    { ...ctx, actor: officer.actor },
    { deviceId: van, fileName: "van-07_rear_0312.mp4", reason: "Wanted for a request about Ruzafa 30" },
  );
  ago(9 * minuteMs);
  await enrolPending(ctx, admin, policies.vans);
}

function said({ heardMs, says }: State, now: Date) {
  const sentAt = new Date(now.getTime() - heardMs).toISOString();
  return {
    version: 1,
    instance: { bootId: "7c1e4f0a-demo", process: "b1946ac9" },
    uploader: { version: "0.1.0", runtime: "node 22.23.3", platform: "linux-arm64" },
    sentAt,
    monotonicMs: 52 * minuteMs,
    counters: {
      sentBytes: 0.4 * GB,
      resentBytes: 0.006 * GB,
      retries: { timeout: 3, "503": 1 },
      stalls: 1,
      resumes: 4,
      tombstones: 0,
    },
    temperatureC: 51,
    lastError: null,
    ...says,
  };
}

/** A month of five minutes each: on in its hours, with a day off now and then. */
async function writeSeries(ctx: Context, id: string, { hours: [first, last], heardMs }: State, now: Date) {
  const slotMs = 5 * minuteMs;
  const until = new Date(Math.floor((now.getTime() - heardMs) / slotMs) * slotMs - slotMs);
  const from = new Date(until.getTime() - 29 * dayMs);
  await ctx.db.$executeRaw`
    INSERT INTO device_contact (device_id, slot_at, contacts, sent_bytes, queue_files, queue_bytes)
    SELECT ${id}, slot, 6,
           CASE WHEN abs(hashtext(${id} || date_trunc('hour', slot)::text)) % 4 = 0
                THEN (abs(hashtext(slot::text)) % 900) * 400000::bigint ELSE 0 END,
           abs(hashtext(date_trunc('hour', slot)::text)) % 12, (abs(hashtext(date_trunc('hour', slot)::text)) % 12) * 800000000::bigint
      FROM generate_series(${from}::timestamptz, ${until}::timestamptz, '5 minutes') slot
     WHERE extract(hour FROM slot) BETWEEN ${first}::int AND ${last}::int
       AND (abs(hashtext(${id} || (slot::date)::text)) % 9 > 0 OR slot::date = ${until}::date OR ${last - first === 23})
       AND abs(hashtext(${id} || slot::text)) % 40 > 0
    ON CONFLICT DO NOTHING`;
}

/** A restored disk image looked like a second machine for an hour. */
async function suspectAndDismiss(ctx: Context, admin: Context, deviceId: string, ago: (ms: number) => void) {
  const [before, restored] = [
    { bootId: "51aa07d2-demo", process: "0f343b09" },
    { bootId: "9d20c6b1-demo", process: "a87ff679" },
  ];
  for (const [index, instance] of [before, restored, before].entries()) {
    ago(2 * dayMs - index * 10 * minuteMs);
    await ctx.db.$transaction((tx) =>
      noteInstance({ ...ctx, actor: { kind: "device", deviceId, name: "Van 12" } }, tx, deviceId, instance),
    );
  }
  ago(2 * dayMs - hourMs);
  await dismissClone(admin, { deviceId, reason: "The workshop started it once from last week's disk image." });
}

/** A new van in the workshop, which nobody has let in yet. */
async function enrolPending(ctx: Context, admin: Context, policyId: string): Promise<void> {
  const made = await makeEnrolmentCode(admin, { maxUses: 6, hours: 72, policyId, needsApproval: true }, server);
  const code = readEnrolmentCode(made.code);
  if (code === null) throw new Error("The archive reads its own codes.");
  const { privateKey } = generateKeyPairSync("ed25519");
  const nobody: Context = { ...ctx, actor: { kind: "nobody" } };
  const facts = {
    hostname: "van-33",
    serial: "10000000c2f1d7e4",
    model: "Raspberry Pi 5 Model B",
    platform: "linux-arm64",
    uploader: "0.1.0",
  };
  const proof = signEnrolmentProof({ nonce: newNonce(nobody), code, name: "Van 33", facts }, privateKey);
  await enrolDevice(nobody, { code: made.code, proof });
}
