// Measures ingest and download beside their peers in the same run: `npm run bench`, or `npm run bench -- --json FILE`.
// Ratios count, absolute figures belong to the machine. About one minute.
import { randomBytes } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { addDevice } from "../../lib/devices/index.ts";
import { readEnv } from "../../lib/env.ts";
import { newId } from "../../lib/ids.ts";
import { openServices } from "../../lib/open-services.ts";
import { recordingKey } from "../../lib/recordings/index.ts";
import { contextFor, type Services } from "../../lib/services.ts";
import { makeSessionCookie } from "../../server/session.ts";
import { startApiServer } from "../../server/testing/start-api-server.ts";
import { measureDownload } from "./download.ts";
import { startNginx, startPeer, usageOf } from "./processes.ts";
import { measureUpload, type Target } from "./upload.ts";

const mib = 1024 * 1024;

/** One line of the table. */
type Line = {
  what: string;
  who: string;
  mibPerSecond: number;
  p50Ms: number | null;
  p99Ms: number | null;
  cpuSeconds: number | null;
  peakMib: number | null;
};

const plans = [
  { what: "1 upload of 512 MiB, PATCHes of 64 MiB", streams: 1, sizeMib: 512, patchMib: 64, rounds: 3 },
  { what: "32 uploads of 16 MiB, PATCHes of 8 MiB", streams: 32, sizeMib: 16, patchMib: 8, rounds: 2 },
  { what: "32 uploads of 8 MiB, PATCHes of 1 MiB", streams: 32, sizeMib: 8, patchMib: 1, rounds: 2 },
  { what: "64 uploads of 16 MiB, PATCHes of 16 MiB", streams: 64, sizeMib: 16, patchMib: 16, rounds: 1 },
];

/** Waits until everything is read back, which would otherwise run beside the next measurement. */
async function settled({ db }: Services): Promise<void> {
  while ((await db.recording.count({ where: { state: "received" } })) > 0) await sleep(200);
}

async function benchUploads(services: Services, targets: readonly Target[]): Promise<Line[]> {
  const lines: Line[] = [];
  for (const plan of plans) {
    const bytes = randomBytes(plan.patchMib * mib);
    for (let round = 0; round < plan.rounds; round++) {
      for (const target of targets) {
        const before = usageOf(target.pid);
        const figures = await measureUpload(target, { ...plan, bytes });
        const after = usageOf(target.pid);
        lines.push({
          what: plan.what,
          who: target.name,
          mibPerSecond: figures.mibPerSecond,
          p50Ms: figures.patchP50Ms,
          p99Ms: figures.patchP99Ms,
          cpuSeconds: before === null || after === null ? null : after.cpuSeconds - before.cpuSeconds,
          peakMib: after?.peakMib ?? null,
        });
        await settled(services);
        await sleep(300);
      }
    }
  }
  return lines;
}

/** An officer who may read one of the uploaded recordings, and the way to it. */
async function openOne(services: Services) {
  const { db, clock } = services;
  const now = clock.now();
  const organisationId = newId("organisation");
  await db.organisation.create({ data: { id: organisationId, name: "Bench", kind: "operator", createdAt: now } });
  const accountId = newId("account");
  const person = {
    email: "bench@example.org",
    name: "Bench",
    role: "officer",
    state: "active",
    passwordHash: "none",
  } as const;
  await db.account.create({ data: { id: accountId, ...person, organisationId, createdAt: now } });
  const recording = await db.recording.findFirstOrThrow({ where: { state: "sealed" }, orderBy: { sizeBytes: "desc" } });
  const openUntil = new Date(now.getTime() + 3_600_000);
  const grant = {
    id: newId("grant"),
    recordingId: recording.id,
    accountId,
    purpose: "bench",
    openedAt: now,
    openUntil,
  };
  await db.accessGrant.create({ data: grant });
  const { name, value } = await makeSessionCookie(services, { accountId, sessionEpoch: 1 });
  return { recordingId: recording.id, cookie: `${name}=${value}` };
}

async function benchDownloads(services: Services, ours: Target, dataDir: string): Promise<Line[]> {
  await settled(services);
  const { recordingId, cookie } = await openOne(services);
  const nginx = await startNginx(join(dataDir, "storage"), dataDir);
  const what = "download of 512 MiB";
  const lines: Line[] = [];
  const line = (who: string, mibPerSecond: number): Line => {
    const none = { p50Ms: null, p99Ms: null, cpuSeconds: null };
    return {
      what,
      who,
      mibPerSecond,
      ...none,
      peakMib: who === ours.name ? (usageOf(ours.pid)?.peakMib ?? null) : null,
    };
  };
  for (let round = 0; round < 3; round++) {
    lines.push(
      line(ours.name, await measureDownload(`${ours.url}/api/recordings/${recordingId}/content`, { Cookie: cookie })),
    );
    if (nginx !== null)
      lines.push(line("nginx sendfile", await measureDownload(`${nginx.url}/${recordingKey(recordingId)}`)));
  }
  if (nginx === null) console.log("nginx is not on this machine: downloads are measured alone.");
  await nginx?.stop();
  return lines;
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? 0;
}

/** The median run of each, and the ratio to the peer of the same line. */
function summarise(lines: readonly Line[]) {
  const groups = Map.groupBy(lines, (line) => `${line.what}|${line.who}`);
  return Array.from(groups.values(), (runs) => {
    const [first] = runs;
    const speed = median(runs.map((run) => run.mibPerSecond));
    const peers = lines.filter((line) => line.what === first?.what && line.who !== "strongroom");
    const ratio =
      first?.who === "strongroom" && peers.length > 0 ? speed / median(peers.map((run) => run.mibPerSecond)) : null;
    const rounded = (pick: (line: Line) => number | null, digits: number) => {
      const known = runs.map(pick).filter((value) => value !== null);
      return known.length === 0 ? "" : median(known).toFixed(digits);
    };
    return {
      what: first?.what,
      who: first?.who,
      "MiB/s": speed.toFixed(0),
      ratio: ratio?.toFixed(2) ?? "",
      "p50 ms": rounded((run) => run.p50Ms, 0),
      "p99 ms": rounded((run) => run.p99Ms, 0),
      "CPU s": rounded((run) => run.cpuSeconds, 2),
      "peak MiB": rounded((run) => run.peakMib, 0),
    };
  });
}

async function main(): Promise<void> {
  const jsonAt = process.argv.indexOf("--json");
  const dataDir = mkdtempSync(join(tmpdir(), "strongroom-bench-"));
  const env = readEnv({ NODE_ENV: "production", DATA_DIR: dataDir, LOG_LEVEL: "warn", PORT: "0" });
  const services = await openServices(env);
  const stops: (() => Promise<void>)[] = [];
  try {
    const system = contextFor(services, { kind: "system", name: "bench" }, { address: null, userAgent: null }, "bench");
    const { token } = await addDevice(system, { name: "bench", alias: null, siteId: null });
    const ours = await startApiServer({ databaseUrl: services.databaseUrl, dataDir });
    stops.push(ours.stop);
    const peer = await startPeer(join(dataDir, "peer"));
    stops.push(peer.stop);
    const self: Target = { name: "strongroom", url: ours.url, token, pid: ours.process.pid ?? 0 };
    const lines = await benchUploads(services, [self, { name: "@tus/server + FileStore", token: "none", ...peer }]);
    lines.push(...(await benchDownloads(services, self, dataDir)));
    console.table(summarise(lines));
    if (jsonAt > 0) writeFileSync(process.argv[jsonAt + 1] ?? "bench.json", `${JSON.stringify(lines, null, 2)}\n`);
  } finally {
    for (const stop of stops) await stop();
    await services.close();
    rmSync(dataDir, { recursive: true, force: true });
  }
}

await main();
