// `npm run torture`: tries to make an archive lose what it promised. `npm run torture -- --help` says how.
import { addDevice } from "../../lib/devices/index.ts";
import type { TestWorld } from "../../lib/testing/test-world.ts";
import { runLeaseRounds } from "../../server/testing/lease-rounds.ts";
import { startApiServer } from "../../server/testing/start-api-server.ts";
import { whyNoTracing } from "../../uploader/testing/trace-calls.ts";
import { readArguments, type TortureArguments, UsageError, usage } from "./arguments.ts";
import { cleanUpWhenInterrupted, withCleanUp } from "./clean-up.ts";
import { compareWithModel } from "./compare-with-model.ts";
import { cutUploaderPower } from "./cut-uploader-power.ts";
import { killAtSyscalls } from "./kill-at-syscalls.ts";
import { killUploader } from "./kill-uploader.ts";
import { whyNoPowerCuts } from "./mortal-disk.ts";
import { mutateRequests } from "./mutated-requests.ts";
import { cutPower } from "./power-cut.ts";
import { killAtRandom } from "./random-kills.ts";
import { soakUploader } from "./soak-uploader.ts";
import { inTortureWorld } from "./torture-world.ts";
import { whyNoTraps } from "./tracer.ts";

/** What a run found: figures for the report, and what was broken. */
type Outcome = { figures: object; violations: readonly string[] };

const sound = (figures: object): Outcome => ({ figures, violations: [] });

async function torture(
  { kind, minutes, seed, count }: TortureArguments,
  say: (line: string) => void,
): Promise<Outcome> {
  switch (kind) {
    case "kills": {
      const figures = await killAtRandom({ seed, killMs: minutes * 60_000, say });
      return { figures, violations: figures.violations };
    }
    case "syscalls": {
      const obstacle = await whyNoTraps();
      if (obstacle !== null) throw new UsageError(`Not here: ${obstacle}.`);
      return inTortureWorld(async (world) =>
        sound(await killAtSyscalls(world, { seed, strides: { storage: 1, words: 1 }, say })),
      );
    }
    case "power":
      return inTortureWorld(async (world) => sound(await cutPower(world, { seed, runs: count ?? 300 })));
    case "requests":
      return inTortureWorld(async (world) => sound(await mutateRequests(world, { seed, count: count ?? 10_000, say })));
    case "model":
      return inTortureWorld(async (world) => sound(await compareWithModel(world, { seed, runs: count ?? 1000 })));
    case "leases":
      return inTortureWorld((world) => raceForLeases(world, seed, count ?? 1000));
    case "uploader": {
      const obstacle = whyNoTracing();
      if (obstacle !== null) throw new UsageError(`Not here: ${obstacle}.`);
      return inTortureWorld((world) => killUploader(world, { mostKills: count ?? undefined, say }));
    }
    case "uploader-power": {
      const obstacle = whyNoPowerCuts();
      if (obstacle !== null) throw new UsageError(`Not here: ${obstacle}.`);
      return inTortureWorld((world) => cutUploaderPower(world, { seed, cuts: count ?? 100, say }));
    }
    case "uploader-kills":
    case "uploader-soak":
      return inTortureWorld((world) =>
        soakUploader(world, { seed, forMs: minutes * 60_000, kills: kind === "uploader-kills", say }),
      );
  }
}

async function raceForLeases(world: TestWorld, seed: number, rounds: number): Promise<Outcome> {
  const { databaseUrl, dir, db, context } = world;
  const settings = { databaseUrl, dataDir: dir, hasWorkers: false };
  const [one, two] = await Promise.all([startApiServer(settings), startApiServer(settings)]);
  const stop = async () => void (await Promise.all([one.stop(), two.stop()]));
  return withCleanUp(stop, async () => {
    const operator = context({ kind: "system", name: "torture" });
    const { token } = await addDevice(operator, { name: "torture", alias: null, siteId: null });
    const report = await runLeaseRounds({ urls: [one.url, two.url], token, db, dataDir: dir, rounds, seed });
    return { figures: report, violations: report.faults };
  });
}

async function main(): Promise<number> {
  const asked = readArguments(process.argv.slice(2));
  if (asked === null) {
    console.log(usage);
    return 0;
  }
  cleanUpWhenInterrupted();
  const say = asked.isJson ? () => undefined : (line: string) => console.log(line);
  say(`${asked.kind}, seed ${asked.seed}`);
  const { figures, violations } = await torture(asked, say);
  if (asked.isJson) console.log(JSON.stringify({ kind: asked.kind, seed: asked.seed, ...figures, violations }));
  else console.log(figures);
  say(violations.length === 0 ? "Nothing that was promised was lost." : violations.join("\n"));
  return violations.length === 0 ? 0 : 1;
}

try {
  process.exitCode = await main();
} catch (error) {
  if (error instanceof UsageError) console.error(`${error.message}\n\n${usage}`);
  else console.error(error);
  process.exitCode = error instanceof UsageError ? 2 : 1;
}
