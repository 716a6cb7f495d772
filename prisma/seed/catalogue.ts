import { createHash } from "node:crypto";
import type { Prisma } from "../../generated/prisma/client.ts";
import { newId } from "../../lib/ids.ts";
import { type Clip, loadClips, uniqueFile } from "./clips.ts";
import { cameras, catalogueWeeks, type SiteKey, vans } from "./company.ts";
import { type Random, seededRandom } from "./random.ts";

/** One recording of the weeks past, ready to be written: rows, bytes and the custody events that led to it. */
export type PastRecording = {
  site: SiteKey;
  recording: Omit<Prisma.RecordingCreateManyInput, "siteId">;
  upload: Prisma.UploadCreateManyInput;
  chunks: Prisma.ChunkCreateManyInput[];
  file: Buffer;
  events: Prisma.CustodyEventCreateManyInput[];
};

/** What the catalogue needs to know of a device that was enrolled before. */
export type KnownDevice = { id: string; name: string; alias: string };

/** What the catalogue needs to know of a site. */
export type KnownSite = { name: string; timeZone: string };

const chunkSizeBytes = 400_000;
const minuteMs = 60_000;
const dayMs = 24 * 60 * minuteMs;

type Take = {
  device: KnownDevice;
  siteKey: SiteKey;
  site: KnownSite;
  source: string;
  clip: Clip;
  capturedFrom: Date;
};

/** The instant at which clocks in `timeZone` show this hour and minute on the UTC day of `day`. */
function localTime(day: Date, hour: number, minute: number, timeZone: string): Date {
  const guess = Date.UTC(day.getUTCFullYear(), day.getUTCMonth(), day.getUTCDate(), hour, minute);
  const shown = new Intl.DateTimeFormat("en-GB", { timeZone, hour: "2-digit", hourCycle: "h23" }).format(guess);
  const offsetHours = ((((Number(shown) - hour) % 24) + 36) % 24) - 12;
  return new Date(guess - offsetHours * 60 * minuteMs);
}

function takesOfDay(
  day: Date,
  devices: ReadonlyMap<string, KnownDevice>,
  sites: Record<SiteKey, KnownSite>,
  random: Random,
): Take[] {
  const clips = loadClips();
  const takes: Take[] = [];
  const isWeekend = day.getUTCDay() % 6 === 0;
  const known = (name: string) => {
    const device = devices.get(name);
    if (device === undefined) throw new Error(`The demonstration's device ${name} is not enrolled.`);
    return device;
  };
  for (const van of isWeekend ? [] : vans) {
    for (const [stop, siteKey] of van.route.entries()) {
      if (random.chance(0.06)) continue;
      const site = sites[siteKey];
      const arrival =
        localTime(day, 8 + stop * 2, random.between(0, 55), site.timeZone).getTime() + random.between(0, 59_000);
      for (const source of ["rear", "cabin"] as const) {
        const capturedFrom = new Date(arrival + (source === "cabin" ? random.between(20_000, 90_000) : 0));
        takes.push({ device: known(van.name), siteKey, site, source, clip: random.pick(clips[source]), capturedFrom });
      }
    }
  }
  for (const camera of cameras) {
    for (const hour of [6, 13, 21]) {
      const site = sites[camera.site];
      const capturedFrom = localTime(day, hour, random.between(0, 50), site.timeZone);
      const clip = random.pick(camera.source === "lobby" ? clips.lobby : clips.gate);
      takes.push({ device: known(camera.name), siteKey: camera.site, site, source: camera.source, clip, capturedFrom });
    }
  }
  return takes;
}

function asciiName(text: string): string {
  const plain = text.normalize("NFD").replaceAll(/[^\w -]/g, "");
  return plain
    .trim()
    .toLowerCase()
    .replaceAll(/[\s_]+/g, "-");
}

function pastRecording(take: Take, random: Random): PastRecording {
  const id = newId("recording");
  const isLong = random.chance(0.06);
  const file = uniqueFile(
    take.clip.bytes,
    isLong ? random.between(1_200_000, 3_600_000) : random.between(80, 9000),
    random,
  );
  const sha256 = createHash("sha256").update(file).digest();
  const capturedUntil = new Date(take.capturedFrom.getTime() + take.clip.durationMs);
  const createdAt = new Date(capturedUntil.getTime() + random.between(2, 40) * minuteMs);
  const receivedAt = new Date(createdAt.getTime() + Math.ceil(file.length / random.between(40, 900)) + 800);
  const sealedAt = new Date(receivedAt.getTime() + random.between(300, 2200));
  const stamp = take.capturedFrom.toISOString().slice(0, 19).replaceAll(/[-:]/g, "").replace("T", "-");
  const fileName = `${asciiName(take.device.name)}_${asciiName(take.source)}_${stamp}.mp4`;
  const address = `10.64.${random.between(2, 9)}.${random.between(10, 240)}`;
  const digestHex = sha256.toString("hex");
  const isDamaged = random.chance(0.004);
  const declaredSha256 = isDamaged ? createHash("sha256").update(file).update("cut").digest() : sha256;
  const correlationId = `seed-${id}`;
  const byDevice = {
    actorKind: "device",
    actorId: take.device.id,
    actorName: take.device.name,
    actorRole: null,
    fromAddress: address,
  } as const;
  const bySystem = {
    actorKind: "system",
    actorId: null,
    actorName: "Sealing",
    actorRole: null,
    fromAddress: null,
  } as const;
  const about = { recordingId: id, deviceId: take.device.id, correlationId, userAgent: "strongroom-uploader/0.1.0" };
  const chunks = Array.from({ length: Math.ceil(file.length / chunkSizeBytes) }, (_, index) => {
    const part = file.subarray(index * chunkSizeBytes, (index + 1) * chunkSizeBytes);
    const share = (index + 1) / Math.ceil(file.length / chunkSizeBytes);
    return {
      recordingId: id,
      index,
      offsetBytes: index * chunkSizeBytes,
      lengthBytes: part.length,
      sha256: createHash("sha256").update(part).digest(),
      receivedAt: new Date(createdAt.getTime() + (receivedAt.getTime() - createdAt.getTime()) * share),
      receivedFrom: address,
    };
  });
  return {
    site: take.siteKey,
    file,
    chunks,
    recording: {
      id,
      deviceId: take.device.id,
      state: isDamaged ? "quarantined" : "sealed",
      fileName,
      mediaType: "video/mp4",
      sizeBytes: file.length,
      declaredSha256,
      sha256,
      digestOriginator: "device",
      capturedFrom: take.capturedFrom,
      capturedUntil,
      startAt: take.capturedFrom,
      endAt: capturedUntil,
      source: take.source,
      alias: take.device.alias,
      place: take.site.name,
      createdAt,
      receivedAt,
      sealedAt: isDamaged ? null : sealedAt,
      quarantinedAt: isDamaged ? sealedAt : null,
      quarantineReason: isDamaged ? "digest_mismatch" : null,
      searchText: [id, fileName, take.source, take.device.alias, take.site.name, take.device.name]
        .join(" ")
        .toLowerCase(),
    },
    upload: {
      id: newId("upload"),
      recordingId: id,
      deviceId: take.device.id,
      state: "complete",
      offsetBytes: file.length,
      lengthBytes: file.length,
      chunkSizeBytes,
      interruptions: isLong ? random.between(0, 3) : 0,
      createdAt,
      lastActivityAt: receivedAt,
    },
    events: [
      { ...about, ...byDevice, at: createdAt, action: "upload.started", details: { fileName, sizeBytes: file.length } },
      { ...about, ...byDevice, at: receivedAt, action: "recording.received", details: { sizeBytes: file.length } },
      isDamaged
        ? {
            ...about,
            ...bySystem,
            at: sealedAt,
            action: "recording.quarantined",
            details: { reason: "digest_mismatch" },
          }
        : {
            ...about,
            ...bySystem,
            at: sealedAt,
            action: "recording.sealed",
            details: { sha256: digestHex, sizeBytes: file.length },
          },
    ],
  };
}

/**
 * The recordings of the weeks before `now` and of today's past hours, oldest first: deliveries on weekdays, gate and lobby cameras every
 * day, a long one now and then, very few quarantined.
 */
export function* pastWeeks(
  now: Date,
  devices: ReadonlyMap<string, KnownDevice>,
  sites: Record<SiteKey, KnownSite>,
): Generator<PastRecording> {
  const random = seededRandom(2026);
  const today = new Date(Date.UTC(now.getUTCFullYear(), now.getUTCMonth(), now.getUTCDate()));
  for (let daysAgo = catalogueWeeks * 7; daysAgo >= 0; daysAgo -= 1) {
    const day = new Date(today.getTime() - daysAgo * dayMs);
    const takes = takesOfDay(day, devices, sites, random).sort(
      (a, b) => a.capturedFrom.getTime() - b.capturedFrom.getTime(),
    );
    for (const take of takes) {
      const past = pastRecording(take, random);
      // Of today, what had arrived and was sealed by now.
      if (past.events.every((event) => new Date(event.at) < now)) yield past;
    }
  }
}
