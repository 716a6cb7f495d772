import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { TestWorld } from "../../lib/testing/test-world.ts";
import { Field, startFieldServer } from "../../uploader/testing/field.ts";
import { killAtCalls } from "../../uploader/testing/kill-at-calls.ts";
import { withCleanUp } from "./clean-up.ts";

type Options = { mostKills: number | undefined; say: (line: string) => void };

const settleMs = 120_000;

/** Kills an enrolled uploader at each of its system calls that write, and judges what is on both sides in the end. */
export async function killUploader(world: TestWorld, { mostKills, say }: Options) {
  const bundle = join(world.dir, "strongroom-uploader.mjs");
  execFileSync(process.execPath, [join(import.meta.dirname, "../../uploader/build.mjs"), bundle]);
  const server = await startFieldServer(world);
  return withCleanUp(
    () => server.stop(),
    async () => {
      const field = await Field.open({ world, server: server.url, bundle, identity: "enrolled" });
      return withCleanUp(
        () => field.close(),
        async () => {
          const strides = { disk: 1, words: 1 };
          const kills = await killAtCalls(field, { strides, say, ...(mostKills === undefined ? {} : { mostKills }) });
          field.run(["--include", "bin", "--delete-after-seal"]);
          const deadline = performance.now() + settleMs;
          while (field.files.some(({ path }) => existsSync(path)) && performance.now() < deadline) await sleep(200);
          return { figures: { kills, files: field.files.length }, violations: await field.judge() };
        },
      );
    },
  );
}
