// Measures the uploader. `npm run bench uploader -- --help` says how.
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { startFieldServer } from "../../../uploader/testing/field.ts";
import { cleanUpWhenInterrupted, withCleanUp } from "../../torture/clean-up.ts";
import { inTortureWorld } from "../../torture/torture-world.ts";
import type { Result } from "../bench.ts";
import { describeMachine } from "../machine.ts";
import { archive, fleet } from "./fleet.ts";
import { links } from "./links.ts";
import { modem } from "./modem.ts";
import { queue } from "./queue.ts";
import { send } from "./send.ts";
import { steady } from "./steady.ts";
import type { UploaderBench } from "./uploader-bench.ts";

const parts: Record<string, (bench: UploaderBench) => Promise<Result>> = {
  queue,
  send,
  steady,
  links,
  modem,
  fleet,
  archive,
};

const help = `Measures the uploader against an archive of its own, beside rclone and curl with sha256sum where they are here.

  npm run bench uploader               a standard run: 10,000 files, 1 GiB, 1,000 devices; about eight minutes
  npm run bench uploader -- --short    a tenth of everything: about two minutes
  npm run bench uploader -- --only queue,links
                                       some parts: ${Object.keys(parts).join(", ")}
  --json FILE                          writes every figure there too`;

const { values } = parseArgs({
  options: {
    help: { type: "boolean", short: "h" },
    short: { type: "boolean" },
    only: { type: "string" },
    json: { type: "string" },
  },
});

async function run(): Promise<void> {
  const wanted = values.only?.split(",") ?? Object.keys(parts);
  const unknown = wanted.filter((name) => !(name in parts));
  if (unknown.length > 0) throw new Error(`Unknown: ${unknown.join(", ")}.\n\n${help}`);
  const dir = mkdtempSync(join(tmpdir(), "strongroom-bench-"));
  const bundle = join(dir, "strongroom-uploader.mjs");
  execFileSync(process.execPath, [join(import.meta.dirname, "../../../uploader/build.mjs"), bundle]);
  const machine = describeMachine(dir);
  console.log(JSON.stringify(machine));
  const results: Result[] = [];
  await withCleanUp(
    async () => rmSync(dir, { recursive: true, force: true }),
    () =>
      inTortureWorld(async (world) => {
        let server = await startFieldServer(world);
        const port = Number(new URL(server.url).port);
        const killServer = async () => {
          await server.kill();
          return async () => {
            server = await startFieldServer(world, { port });
          };
        };
        const say = (line: string) => console.error(line);
        await withCleanUp(
          () => server.stop(),
          async () => {
            const bench = { world, server: server.url, killServer, say, bundle, dir, isShort: values.short === true };
            for (const name of wanted) {
              const result = await parts[name]?.(bench);
              if (result === undefined) continue;
              results.push(result);
              console.log(`\n${result.title}`);
              console.table(result.rows);
            }
          },
        );
      }),
  );
  const loadAfter = describeMachine(tmpdir()).load;
  console.log(`load ${machine.load} before, ${loadAfter} after`);
  if (values.json !== undefined)
    writeFileSync(values.json, `${JSON.stringify({ machine, loadAfter, results }, null, 2)}\n`);
}

if (values.help === true) console.log(help);
else {
  cleanUpWhenInterrupted();
  await run();
}
