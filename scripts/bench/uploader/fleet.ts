import {
  type ArchiveRestartFigures,
  type FleetFigures,
  restartArchive,
  restartFleet,
} from "../../../uploader/testing/fleet.ts";
import type { Result } from "../bench.ts";
import { cell } from "../statistics.ts";
import type { UploaderBench } from "./uploader-bench.ts";

const sizeBytes = 20_000;
const awayMs = 10_000;

/** Many devices that get their power back in one moment. */
export async function fleet({ world, server, isShort, say }: UploaderBench): Promise<Result> {
  const figures = await restartFleet(world, server, {
    devices: isShort ? 100 : 1000,
    seed: 3,
    timeScale: 1,
    sizeBytes,
    say,
  });
  sayWhy(figures, say);
  return { name: "fleet", title: "A fleet that gets its power back at once", rows: [rowOf(figures)], raw: figures };
}

/** An archive that dies under many devices at work, and is back after some seconds. */
export async function archive({ world, server, isShort, say, killServer }: UploaderBench): Promise<Result> {
  const options = { devices: isShort ? 100 : 1000, seed: 4, timeScale: 1, sizeBytes, awayMs, say };
  const figures: ArchiveRestartFigures = await restartArchive(world, server, killServer, options);
  sayWhy(figures, say);
  const rows = [{ ...rowOf(figures), "at work": figures.atWork, "asked while it was away": figures.requestsWhileAway }];
  return { name: "archive", title: "An archive that is killed under a fleet, and back after 10 s", rows, raw: figures };
}

/** Failed attempts by why, which a table has no room for. */
function sayWhy({ retries }: FleetFigures, say: (line: string) => void): void {
  for (const [why, times] of Object.entries(retries)) say(`  ${times} × ${why}`);
}

function rowOf({ devices, sealed, requests, retries, ...rates }: FleetFigures) {
  return {
    devices,
    sealed,
    requests,
    "retries ": Object.values(retries).reduce((sum, times) => sum + times, 0),
    "requests/s": cell(rates.requestsPerSecond, 1),
    "in the busiest 10 s": cell(rates.busiestPerSecond, 1),
    "over the mean": cell(rates.busiestOverMean, 2),
    "s, until the last is sealed": cell(rates.seconds, 1),
  };
}
