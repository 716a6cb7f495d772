import { BadLink } from "../../../uploader/testing/bad-link.ts";
import { Field } from "../../../uploader/testing/field.ts";
import type { Result } from "../bench.ts";
import { cell } from "../statistics.ts";
import { asService, type UploaderBench, watchProcess } from "./uploader-bench.ts";

const mib = 1024 * 1024;
const upBytesPerSecond = 10 * 125_000;

/** Processor time of the daemon that sends over a link of 10 Mbit/s, from its start to the seal. */
export async function steady(bench: UploaderBench): Promise<Result> {
  const fileMib = bench.isShort ? 16 : 64;
  const profile = { latencyMs: 30, upBytesPerSecond, downBytesPerSecond: upBytesPerSecond };
  const link = await BadLink.open({ target: Number(new URL(bench.server).port), profile, seed: 5 });
  const field = await Field.open({ ...bench, identity: "enrolled", via: link.url });
  try {
    await field.make("front.bin", fileMib * mib);
    const daemon = field.run(["--include", "bin", "--chunk-size", String(8 * mib)], asService);
    const watched = watchProcess(daemon.child);
    await daemon.event("upload");
    const before = watched.taken();
    await daemon.event("done");
    const taken = watched.taken();
    await daemon.kill();
    const seconds = taken.seconds - before.seconds;
    const cpuSeconds = taken.cpuSeconds - before.cpuSeconds;
    const rows = [
      { what: "of one core, while it sends, %", seen: cell((cpuSeconds / seconds) * 100, 2) },
      { what: "CPU s/GiB, while it sends", seen: cell((cpuSeconds / fileMib) * 1024, 2) },
      { what: "CPU s before: start, digests, announcement", seen: cell(before.cpuSeconds, 2) },
      { what: "Mbit/s", seen: cell((fileMib * mib) / seconds / 125_000, 1) },
      { what: "peak RSS, MiB", seen: cell(taken.peakMib) },
      { what: "of it anonymous, MiB", seen: cell(taken.anonymousMib) },
    ];
    return {
      name: "steady",
      title: `${fileMib} MiB over 10 Mbit/s`,
      rows,
      raw: { fileMib, before, taken },
    };
  } finally {
    await field.close();
    await link.close();
  }
}
