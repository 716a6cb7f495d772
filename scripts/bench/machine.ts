import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync, statfsSync, writeFileSync } from "node:fs";
import { cpus, loadavg, release, totalmem } from "node:os";

const mib = 1024 * 1024;
const ticksPerSecond = 100;

function statOf(pid: number): string[] {
  return (readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1] ?? "").split(" ");
}

/** Seconds of processor time that a process and its living children have used; null: not to be known here. */
export function cpuSecondsOf(pid: number): number | null {
  try {
    let ticks = 0;
    for (const one of [pid, ...childrenOf(pid)]) {
      const fields = statOf(one);
      ticks += Number(fields[11]) + Number(fields[12]);
      // Children that have ended: PostgreSQL's workers come and go.
      if (one === pid) ticks += Number(fields[13]) + Number(fields[14]);
    }
    return ticks / ticksPerSecond;
  } catch {
    return null; // no Linux, or gone
  }
}

function childrenOf(pid: number): number[] {
  return readdirSync(`/proc/${pid}/task`).flatMap((task) =>
    readFileSync(`/proc/${pid}/task/${task}/children`, "utf8").split(" ").filter(Boolean).map(Number),
  );
}

/** The parent of a process; null: not to be known here. */
export function parentOf(pid: number): number | null {
  try {
    return Number(statOf(pid)[1]);
  } catch {
    return null;
  }
}

/** The most memory that a process held since the last `forgetPeak`, in MiB; null: not to be known here. */
export function peakMibOf(pid: number): number | null {
  try {
    const kib = /VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1];
    return Math.round(Number(kib) / 1024);
  } catch {
    return null;
  }
}

/** Counts the most memory from now on. */
export function forgetPeak(pid: number): void {
  try {
    writeFileSync(`/proc/${pid}/clear_refs`, "5");
  } catch {
    // It stays the most since its start.
  }
}

/** Bytes of the whole machine that are written and not on the medium, in MiB; null: not to be known here. */
export function unsyncedMib(): number | null {
  try {
    const text = readFileSync("/proc/meminfo", "utf8");
    const kib = ["Dirty", "Writeback"].map((name) => Number(new RegExp(`^${name}:\\s+(\\d+)`, "m").exec(text)?.[1]));
    return kib.reduce((sum, value) => sum + value, 0) / 1024;
  } catch {
    return null;
  }
}

/** Writes out what others left unwritten, so that nobody pays for somebody else's bytes. */
export function syncAll(): void {
  try {
    execFileSync("sync");
  } catch {
    // A machine without it measures less fairly.
  }
}

/** What the figures belong to. */
export function describeMachine(directory: string) {
  return {
    cores: cpus().length,
    processor: cpus()[0]?.model ?? "unknown",
    memoryMib: Math.round(totalmem() / mib),
    freeDiskMib: Math.round((statfsSync(directory).bavail * statfsSync(directory).bsize) / mib),
    system: `${process.platform} ${release()}`,
    node: process.version,
    load: loadavg()
      .map((value) => value.toFixed(2))
      .join(" "),
  };
}
