import type { Bench } from "./bench.ts";
import type { Target } from "./client.ts";
import { cpuSecondsOf, forgetPeak, peakMibOf, syncAll, unsyncedMib } from "./machine.ts";

/** What a piece of work cost. */
export type Cost = {
  seconds: number;
  serverCpuSeconds: number | null;
  databaseCpuSeconds: number | null;
  clientCpuSeconds: number;
  peakMib: number | null;
  /** Written and not on the medium when the last answer came. */
  unsyncedMib: number | null;
};

function since(before: number | null, after: number | null): number | null {
  return before === null || after === null ? null : after - before;
}

/** Runs work against a target, on a machine that has nothing left to write, and says what it cost. */
export async function measured(bench: Bench, target: Target, work: () => Promise<void>): Promise<Cost> {
  await bench.settled();
  syncAll();
  forgetPeak(target.pid);
  const server = cpuSecondsOf(target.pid);
  const database = target === bench.ours ? cpuSecondsOf(bench.databasePid) : null;
  const client = process.cpuUsage();
  const unsynced = unsyncedMib();
  const started = performance.now();
  await work();
  const seconds = (performance.now() - started) / 1000;
  const left = since(unsynced, unsyncedMib());
  const used = process.cpuUsage(client);
  return {
    seconds,
    serverCpuSeconds: since(server, cpuSecondsOf(target.pid)),
    databaseCpuSeconds: target === bench.ours ? since(database, cpuSecondsOf(bench.databasePid)) : null,
    clientCpuSeconds: (used.user + used.system) / 1e6,
    peakMib: peakMibOf(target.pid),
    unsyncedMib: left === null ? null : Math.max(0, left),
  };
}
