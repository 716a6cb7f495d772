import { randomBytes } from "node:crypto";
import { Agent } from "node:http";
import type { Bench, Result } from "./bench.ts";
import { type Target, uploadFile } from "./client.ts";
import { measured } from "./measure.ts";
import { cell, percentile } from "./statistics.ts";

const fileBytes = 4096;
const streams = 32;
const counts = { short: 300, standard: 1_000, long: 10_000 } as const;

async function runOnce(bench: Bench, target: Target, count: number) {
  const agent = new Agent({ keepAlive: true, maxSockets: streams });
  const bytes = randomBytes(fileBytes);
  const fileMs: number[] = [];
  let next = 0;
  const cost = await measured(bench, target, async () => {
    const sendMany = async () => {
      while (next < count) {
        const started = performance.now();
        await uploadFile(agent, target, { name: `tiny-${next++}`, sizeBytes: fileBytes, bytes }, []);
        fileMs.push(performance.now() - started);
      }
    };
    await Promise.all(Array.from({ length: streams }, sendMany));
  });
  agent.destroy();
  const started = performance.now();
  await bench.settled();
  return { who: target.name, count, ...cost, sealedAfterSeconds: (performance.now() - started) / 1000, fileMs };
}

/** Many tiny files, each announced and sent on its own, 32 at a time: what a file costs, whatever its size. */
export async function tinyFiles(bench: Bench): Promise<Result> {
  const raw = [];
  for (const target of bench.targets) raw.push(await runOnce(bench, target, counts[bench.form]));
  const rows = raw.map((run) => ({
    who: run.who,
    files: run.count,
    "files/s": cell(run.count / run.seconds),
    "p50 ms": cell(percentile(run.fileMs, 0.5)),
    "p99 ms": cell(percentile(run.fileMs, 0.99)),
    "CPU ms/file": cell(run.serverCpuSeconds === null ? null : (run.serverCpuSeconds * 1000) / run.count, 1),
    "database ": cell(run.databaseCpuSeconds === null ? null : (run.databaseCpuSeconds * 1000) / run.count, 1),
    "all sealed after s": run.who === bench.ours.name ? cell(run.sealedAfterSeconds, 1) : "",
  }));
  return { name: "tiny", title: "Files of 4 kB", rows, raw: raw.map(({ fileMs: _, ...run }) => run) };
}
