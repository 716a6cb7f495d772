import type { ChildProcess } from "node:child_process";
import { readFileSync } from "node:fs";
import type { TestWorld } from "../../../lib/testing/test-world.ts";
import { serviceEnvironment, serviceNodeFlags } from "../../../uploader/service/unit-text.ts";
import { cpuSecondsOf, peakMibOf } from "../machine.ts";

/** What every part needs. */
export type UploaderBench = {
  world: TestWorld;
  /** Address of the archive. */
  server: string;
  /** Kills the archive; the result brings it back at the same address. */
  killServer: () => Promise<() => Promise<void>>;
  /** For parts that take long. */
  say: (line: string) => void;
  /** Path of the uploader. */
  bundle: string;
  /** For what a part writes. */
  dir: string;
  isShort: boolean;
};

/** What a process took. */
export type Taken = {
  peakMib: number;
  anonymousMib: number;
  cpuSeconds: number;
  seconds: number;
  /** Handed to the kernel: network, journal and standard output. */
  writtenBytes: number;
};

/** How a service starts the uploader. */
export const asService = {
  environment: serviceEnvironment,
  node: [process.execPath, ...serviceNodeFlags],
} as const;

const everyMs = 50;

/** Looks at a process until it ends, or `stop` is called; the last look counts. */
export function watchProcess(child: ChildProcess): { taken: () => Taken; stop: () => void } {
  const startedAtMs = performance.now();
  const taken: Taken = { peakMib: 0, anonymousMib: 0, cpuSeconds: 0, seconds: 0, writtenBytes: 0 };
  const look = () => {
    const { pid } = child;
    const peakMib = pid === undefined ? null : peakMibOf(pid);
    if (pid === undefined || peakMib === null || Number.isNaN(peakMib)) return;
    taken.peakMib = Math.max(taken.peakMib, peakMib);
    taken.anonymousMib = Math.max(taken.anonymousMib, numberIn(`/proc/${pid}/status`, /RssAnon:\s+(\d+)/) / 1024);
    taken.cpuSeconds = Math.max(taken.cpuSeconds, cpuSecondsOf(pid) ?? 0);
    taken.writtenBytes = Math.max(taken.writtenBytes, numberIn(`/proc/${pid}/io`, /wchar: (\d+)/));
    taken.seconds = (performance.now() - startedAtMs) / 1000;
  };
  look();
  const timer = setInterval(look, everyMs);
  child.once("exit", () => clearInterval(timer));
  return { taken: () => ({ ...taken }), stop: () => clearInterval(timer) };
}

function numberIn(path: string, pattern: RegExp): number {
  try {
    return Number(pattern.exec(readFileSync(path, "utf8"))?.[1] ?? 0);
  } catch {
    return 0; // the process has just ended
  }
}
