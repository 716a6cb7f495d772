import { restartFleet } from "../../../uploader/testing/fleet.ts";
import type { Result } from "../bench.ts";
import { cell } from "../statistics.ts";
import type { UploaderBench } from "./uploader-bench.ts";

/** Many devices that get their power back in one moment. */
export async function fleet({ world, server, isShort }: UploaderBench): Promise<Result> {
  const options = { devices: isShort ? 100 : 1000, seed: 3, timeScale: 1, sizeBytes: 20_000 };
  const figures = await restartFleet(world, server, options);
  const rows = [
    {
      devices: figures.devices,
      sealed: figures.sealed,
      requests: figures.requests,
      "retries ": figures.retries,
      "requests/s": cell(figures.requestsPerSecond, 1),
      "busiest 10 s over the mean": cell(figures.busiestOverMean, 2),
      "s, until the last is sealed": cell(figures.seconds, 1),
    },
  ];
  return { name: "fleet", title: "A fleet that gets its power back at once", rows, raw: figures };
}
