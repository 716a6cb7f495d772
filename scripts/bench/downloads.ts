import { randomBytes } from "node:crypto";
import { Agent, get } from "node:http";
import { newId } from "../../lib/ids.ts";
import { recordingKey } from "../../lib/recordings/index.ts";
import { makeSessionCookie } from "../../server/session.ts";
import type { Bench, Result } from "./bench.ts";
import { uploadFile } from "./client.ts";
import { cell, median } from "./statistics.ts";

const mib = 1024 * 1024;

/** Fetches a file without keeping it; returns MiB a second. */
function fetchRate(url: string, headers: Record<string, string> = {}): Promise<number> {
  const started = performance.now();
  return new Promise((resolve, reject) => {
    const request = get(url, { agent: false, headers }, (response) => {
      let bytes = 0;
      response.on("data", (piece: Buffer) => {
        bytes += piece.byteLength;
      });
      response.once("error", reject);
      response.once("end", () => {
        if (response.statusCode !== 200) reject(new Error(`${url} answered ${response.statusCode}`));
        else resolve(bytes / mib / ((performance.now() - started) / 1000));
      });
    });
    request.once("error", reject);
  });
}

/** An officer who may read the largest sealed recording, and the way to it. */
async function openOne({ services }: Bench) {
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
  const grant = {
    id: newId("grant"),
    recordingId: recording.id,
    accountId,
    purpose: "bench",
    openedAt: now,
    openUntil: new Date(now.getTime() + 3_600_000),
  };
  await db.accessGrant.create({ data: grant });
  const { name, value } = await makeSessionCookie(services, { accountId, sessionEpoch: 1 });
  return { recordingId: recording.id, cookie: `${name}=${value}`, sizeMib: Number(recording.sizeBytes ?? 0) / mib };
}

/** The assembled file beside nginx's sendfile of the same bytes, to the same client. */
export async function downloads(bench: Bench): Promise<Result> {
  const agent = new Agent({ keepAlive: true });
  await uploadFile(agent, bench.ours, { name: "download", sizeBytes: 512 * mib, bytes: randomBytes(64 * mib) }, []);
  agent.destroy();
  await bench.settled();
  const { recordingId, cookie, sizeMib } = await openOne(bench);
  const ours: number[] = [];
  const nginx: number[] = [];
  for (let round = 0; round < 5; round++) {
    ours.push(await fetchRate(`${bench.ours.url}/api/recordings/${recordingId}/content`, { Cookie: cookie }));
    if (bench.nginx !== null) nginx.push(await fetchRate(`${bench.nginx.url}/storage/${recordingKey(recordingId)}`));
  }
  const ratio = median(ours.map((rate, i) => (nginx[i] === undefined ? null : rate / nginx[i])));
  const rows = [
    { who: "strongroom", "MiB/s": cell(median(ours)), ratio: cell(ratio, 2) },
    ...(nginx.length === 0 ? [] : [{ who: "nginx sendfile", "MiB/s": cell(median(nginx)), ratio: "" }]),
  ];
  return { name: "downloads", title: `Download of ${sizeMib.toFixed(0)} MiB`, rows, raw: { ours, nginx } };
}
