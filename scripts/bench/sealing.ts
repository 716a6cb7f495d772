import { randomBytes } from "node:crypto";
import { Agent } from "node:http";
import { recordingKey } from "../../lib/recordings/index.ts";
import { readBack } from "../../lib/uploads/index.ts";
import type { Bench, Result } from "./bench.ts";
import { create, sendPiece, uploadFile } from "./client.ts";
import { syncAll } from "./machine.ts";
import { cell, median, percentile } from "./statistics.ts";

const mib = 1024 * 1024;
const patchMib = 8;
/** Longer than ever gets sent while a few recordings are sealed. */
const endlessBytes = 4 * 1024 ** 3;
const sizesMib = { short: 256, standard: 512, long: 2048 } as const;

/** How fast a blob is read back, with both of its digests. */
async function readBackRate(bench: Bench): Promise<number> {
  const recording = await bench.services.db.recording.findFirstOrThrow({
    where: { state: "sealed" },
    orderBy: { sizeBytes: "desc" },
  });
  const reader = await bench.services.storage.openReader(recordingKey(recording.id));
  if (reader === null) throw new Error("A sealed recording has no bytes");
  try {
    await readBack(reader, patchMib * mib); // starts the threads
    const started = performance.now();
    const { sizeBytes } = await readBack(reader, patchMib * mib);
    return sizeBytes / 1024 / mib / ((performance.now() - started) / 1000);
  } finally {
    await reader.close();
  }
}

/** PATCHes of an upload that never ends, one after the other while `goesOn` says so; their times. */
async function patchTimes(bench: Bench, agent: Agent, bytes: Uint8Array, goesOn: (sent: number) => Promise<boolean>) {
  const times: number[] = [];
  const url = await create(agent, bench.ours, endlessBytes, "sealing");
  for (
    let offset = 0;
    offset + bytes.byteLength < endlessBytes && (await goesOn(times.length));
    offset += bytes.byteLength
  ) {
    const started = performance.now();
    await sendPiece(agent, bench.ours, url, offset, bytes);
    times.push(performance.now() - started);
  }
  return times;
}

/** How fast sealing reads storage back, and how much that delays a PATCH beside it. */
export async function sealing(bench: Bench): Promise<Result> {
  const agent = new Agent({ keepAlive: true });
  const bytes = randomBytes(patchMib * mib);
  const big = randomBytes(64 * mib);
  const alone: number[] = [];
  const beside: number[] = [];
  const rates: number[] = [];
  const { db } = bench.services;
  const isSealing = async () => (await db.recording.count({ where: { state: "received" } })) > 0;
  for (let round = 0; round < (bench.form === "short" ? 1 : 3); round++) {
    await bench.settled();
    syncAll();
    alone.push(...(await patchTimes(bench, agent, bytes, async (sent) => sent < 16)));
    const file = { name: "sealed", sizeBytes: sizesMib[bench.form] * mib, bytes: big };
    await Promise.all([0, 1, 2].map(() => uploadFile(agent, bench.ours, file, [])));
    syncAll();
    beside.push(...(await patchTimes(bench, agent, bytes, isSealing)));
    rates.push(await readBackRate(bench));
  }
  agent.destroy();
  const delay = percentile(beside, 0.5) / percentile(alone, 0.5) - 1;
  const rows = [
    {
      "read back GiB/s": cell(median(rates), 2),
      "PATCH of 8 MiB alone, p50 ms": cell(percentile(alone, 0.5), 1),
      "while sealing, p50 ms": beside.length === 0 ? "none" : cell(percentile(beside, 0.5), 1),
      "delayed by %": beside.length === 0 ? "" : cell(delay * 100),
      "PATCHes while sealing": beside.length,
    },
  ];
  return { name: "sealing", title: "Reading back", rows, raw: { rates, alone, beside } };
}
