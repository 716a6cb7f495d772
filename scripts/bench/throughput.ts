import { randomBytes } from "node:crypto";
import { Agent } from "node:http";
import type { Bench, Result } from "./bench.ts";
import { create, send, type Target, uploadFile } from "./client.ts";
import { type Cost, measured } from "./measure.ts";
import { cell, median, percentile } from "./statistics.ts";

const mib = 1024 * 1024;
/** How often somebody asks for an offset meanwhile. */
const headEveryMs = 25;

type Plan = { streams: number; patchMib: number; fileMib: number; rounds: number };
type Run = Cost & { plan: Plan; who: string; mibPerSecond: number; patchMs: number[]; headMs: number[] };

const plans: Record<Bench["form"], Plan[]> = {
  short: [
    { streams: 1, patchMib: 64, fileMib: 512, rounds: 2 },
    { streams: 32, patchMib: 8, fileMib: 16, rounds: 2 },
    { streams: 32, patchMib: 1, fileMib: 8, rounds: 2 },
  ],
  standard: [
    { streams: 1, patchMib: 1, fileMib: 256, rounds: 3 },
    { streams: 1, patchMib: 8, fileMib: 512, rounds: 3 },
    { streams: 1, patchMib: 64, fileMib: 512, rounds: 3 },
    { streams: 32, patchMib: 1, fileMib: 16, rounds: 3 },
    { streams: 32, patchMib: 8, fileMib: 16, rounds: 3 },
    { streams: 32, patchMib: 64, fileMib: 64, rounds: 1 },
    { streams: 64, patchMib: 16, fileMib: 16, rounds: 1 },
  ],
  long: [
    { streams: 1, patchMib: 1, fileMib: 512, rounds: 5 },
    { streams: 1, patchMib: 8, fileMib: 1024, rounds: 5 },
    { streams: 1, patchMib: 64, fileMib: 1024, rounds: 5 },
    { streams: 32, patchMib: 1, fileMib: 32, rounds: 5 },
    { streams: 32, patchMib: 8, fileMib: 32, rounds: 5 },
    { streams: 32, patchMib: 64, fileMib: 64, rounds: 3 },
    { streams: 64, patchMib: 16, fileMib: 32, rounds: 3 },
  ],
};

let runNumber = 0;

/** One round of a plan against one server. */
async function runOnce(bench: Bench, target: Target, plan: Plan, bytes: Uint8Array): Promise<Run> {
  const agent = new Agent({ keepAlive: true, maxSockets: plan.streams + 1 });
  const patchMs: number[] = [];
  const headMs: number[] = [];
  const asked = await create(agent, target, mib, "asked");
  const sizeBytes = plan.fileMib * mib;
  const number = ++runNumber; // a file that replaces another is written out at once by some file systems
  const cost = await measured(bench, target, async () => {
    const asking = setInterval(() => void ask(), headEveryMs);
    const ask = async () => {
      if (target.speaks === "put") return;
      const started = performance.now();
      const { status } = await send(agent, target, { method: "HEAD", url: asked }).catch(() => ({ status: 0 }));
      if (status === 200) headMs.push(performance.now() - started);
    };
    const files = Array.from({ length: plan.streams }, (_, i) => ({
      name: `throughput-${number}-${i}`,
      sizeBytes,
      bytes,
    }));
    await Promise.all(files.map((file) => uploadFile(agent, target, file, patchMs)));
    clearInterval(asking);
  });
  agent.destroy();
  bench.emptyPeers();
  const mibPerSecond = (plan.streams * plan.fileMib) / cost.seconds;
  return { ...cost, plan, who: target.name, mibPerSecond, patchMs, headMs };
}

/** Uploads of several sizes beside every peer, in turn, so that what else the machine does meets all of them. */
export async function throughput(bench: Bench): Promise<Result> {
  const runs: Run[] = [];
  const warm = randomBytes(mib);
  for (const target of bench.targets)
    await runOnce(bench, target, { streams: 8, patchMib: 1, fileMib: 16, rounds: 1 }, warm);
  for (const plan of plans[bench.form]) {
    const bytes = randomBytes(plan.patchMib * mib);
    for (let round = 0; round < plan.rounds; round++)
      for (const target of bench.targets) runs.push(await runOnce(bench, target, plan, bytes));
  }
  const rows = plans[bench.form].flatMap((plan) => bench.targets.map(({ name }) => toRow(runs, plan, name)));
  const raw = runs.map(({ patchMs, headMs, ...run }) => ({ ...run, patches: spread(patchMs), heads: spread(headMs) }));
  return { name: "throughput", title: "Uploads of random bytes", rows, raw };
}

function spread(values: readonly number[]) {
  return {
    count: values.length,
    p50: percentile(values, 0.5),
    p95: percentile(values, 0.95),
    p99: percentile(values, 0.99),
  };
}

function inOne({ count, p50, p95, p99 }: ReturnType<typeof spread>, digits: number): string {
  return count === 0 ? "" : [p50, p95, p99].map((value) => cell(value, digits)).join(" / ");
}

/** The ratio of one round to the peer's of the same round; the middle of all rounds is what counts. */
function ratioToPeer(runs: readonly Run[], plan: Plan): number | null {
  const of = (who: string) => runs.filter((run) => run.plan === plan && run.who === who);
  const peers = of("@tus/server");
  return median(of("strongroom").map((run, i) => run.mibPerSecond / (peers[i]?.mibPerSecond ?? Number.NaN)));
}

function toRow(runs: readonly Run[], plan: Plan, who: string) {
  const mine = runs.filter((run) => run.plan === plan && run.who === who);
  const patches = spread(mine.flatMap((run) => run.patchMs));
  const heads = spread(mine.flatMap((run) => run.headMs));
  const gib = (plan.streams * plan.fileMib) / 1024;
  const perGib = (seconds: number | null) => (seconds === null ? null : seconds / gib);
  const total = plan.streams * plan.fileMib;
  const synced = median(mine.map(({ unsyncedMib }) => (unsyncedMib === null ? null : 1 - unsyncedMib / total)));
  return {
    streams: plan.streams,
    "PATCH MiB": plan.patchMib,
    who,
    "MiB/s": cell(median(mine.map((run) => run.mibPerSecond))),
    ratio: who === "strongroom" ? cell(ratioToPeer(runs, plan), 2) : "",
    "PATCH p50 / p95 / p99 ms": inOne(patches, 0),
    "HEAD ms": inOne(heads, 1),
    "CPU s/GiB": cell(perGib(median(mine.map((run) => run.serverCpuSeconds))), 1),
    database: cell(perGib(median(mine.map((run) => run.databaseCpuSeconds))), 1),
    "synced %": cell(synced === null ? null : Math.max(0, synced * 100)),
    "peak MiB": cell(median(mine.map((run) => run.peakMib))),
  };
}
