import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { Field } from "../../../uploader/testing/field.ts";
import type { SpawnedUploader } from "../../../uploader/testing/spawned-uploader.ts";
import type { Result } from "../bench.ts";
import { cell } from "../statistics.ts";
import { asService, type UploaderBench, watchProcess } from "./uploader-bench.ts";

const flags = ["--include", "bin", "--limit-rate", "20k"];
/** Looked at for so long after everything is described. */
const restMs = 5000;

/** Memory with many files queued, and how soon a restarted uploader sends again. */
export async function queue({ world, server, bundle, isShort }: UploaderBench): Promise<Result> {
  const files = isShort ? 1000 : 10_000;
  const field = await Field.open({ world, server, bundle, identity: "enrolled" });
  try {
    for (let index = 0; index < files; index++)
      writeFileSync(join(field.card, `${index}.bin`), `recording ${index} `.repeat(500));
    const first = field.run(flags, asService);
    const watched = watchProcess(first.child);
    const describedAfterS = await untilDescribed(first, files);
    await sleep(restMs);
    await first.kill();
    const queued = watched.taken();
    const again = await restart(field);
    const rows = [
      { what: `${files} queued: peak RSS, MiB`, seen: cell(queued.peakMib) },
      { what: "of it anonymous, MiB", seen: cell(queued.anonymousMib) },
      { what: "until all are described, s", seen: cell(describedAfterS, 1) },
      { what: "restart: until watching, s", seen: cell(again.watchingS, 2) },
      { what: "restart: until the first new byte, s", seen: cell(again.firstByteS, 2) },
      { what: "restarted: peak RSS, MiB", seen: cell(again.taken.peakMib) },
      { what: "of it anonymous, MiB ", seen: cell(again.taken.anonymousMib) },
    ];
    return {
      name: "queue",
      title: `${files} files queued, and kill -9 with a restart`,
      rows,
      raw: { files, queued, describedAfterS, again },
    };
  } finally {
    await field.close();
  }
}

async function untilDescribed(daemon: SpawnedUploader, files: number): Promise<number> {
  const startedAtMs = performance.now();
  const count = () => daemon.events.filter(({ event }) => event === "described").length;
  while (count() < files && daemon.child.exitCode === null) await sleep(50);
  return (performance.now() - startedAtMs) / 1000;
}

/** The first request that brings something, after one that was killed. */
async function restart(field: Field) {
  field.gate.requests.length = 0;
  const startedAtMs = performance.now();
  const daemon = field.run(flags, asService);
  const watched = watchProcess(daemon.child);
  await daemon.event("watching");
  const watchingS = (performance.now() - startedAtMs) / 1000;
  const isNew = ({ method, bodyBytes }: { method: string; bodyBytes: number }) => method === "PATCH" && bodyBytes > 0;
  while (!field.gate.requests.some(isNew)) await sleep(5);
  const firstByteS = (performance.now() - startedAtMs) / 1000;
  await sleep(restMs);
  await daemon.kill();
  return { watchingS, firstByteS, taken: watched.taken() };
}
