import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { open, rename } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { seededRandom } from "../../e2e/support/proxy.ts";
import type { TestWorld } from "../../lib/testing/test-world.ts";
import { Field, startFieldServer } from "../../uploader/testing/field.ts";
import type { SpawnedUploader } from "../../uploader/testing/spawned-uploader.ts";
import { withCleanUp } from "./clean-up.ts";
import { MortalDisk } from "./mortal-disk.ts";

type Options = { seed: number; cuts: number; say: (line: string) => void };

const flags = ["--include", "bin", "--delete-after-seal"];
/** What a life waits for, at most. */
const eventMs = 10_000;
const settleMs = 120_000;
const moments = ["described", "upload", "progress", "delivered", "done", "deleted"] as const;

/** Cuts the power of an enrolled device again and again, on a real file system, and judges what is on both sides. */
export async function cutUploaderPower(world: TestWorld, { seed, cuts, say }: Options) {
  const random = seededRandom(seed);
  const bundle = join(world.dir, "strongroom-uploader.mjs");
  execFileSync(process.execPath, [join(import.meta.dirname, "../../uploader/build.mjs"), bundle]);
  const server = await startFieldServer(world);
  return withCleanUp(
    () => server.stop(),
    async () => {
      const disk = MortalDisk.open();
      return withCleanUp(
        async () => disk.close(),
        async () => {
          const field = await Field.open({
            world,
            server: server.url,
            bundle,
            identity: "enrolled",
            folder: disk.folder,
          });
          return withCleanUp(
            () => field.close(),
            async () => {
              for (let cut = 1; cut <= cuts; cut++) {
                await record(field, `${cut}.bin`, 1 + Math.floor(random() ** 2 * 900_000));
                const daemon = field.run(flags);
                await untilMoment(daemon, random);
                daemon.child.kill("SIGSTOP");
                await disk.cut(() => daemon.kill());
                if (cut % 10 === 0) say(`the power was cut ${cut} times, ${left(field)} of ${cut} recordings are left`);
              }
              const last = field.run(flags);
              const deadline = performance.now() + settleMs;
              while (left(field) > 0 && performance.now() < deadline) await sleep(100);
              const violations = await field.judge();
              if (last.child.exitCode !== null)
                violations.push(`The daemon ended by itself with ${last.child.exitCode}.`);
              const { cloneSuspectedAt } = await world.db.device.findUniqueOrThrow({ where: { id: field.device.id } });
              if (cloneSuspectedAt !== null) violations.push("The archive takes the device for two.");
              if (violations.length > 0) say(field.story());
              return { figures: { cuts, files: field.files.length }, violations };
            },
          );
        },
      );
    },
  );
}

// Synced: what the recorder itself lost is not what is tried here.
async function record(field: Field, name: string, sizeBytes: number): Promise<void> {
  const file = await field.make(`${name}.part`, sizeBytes);
  const path = join(field.card, name);
  await sync(file.path);
  await rename(file.path, path);
  await sync(field.card);
  file.path = path;
}

async function sync(path: string): Promise<void> {
  const handle = await open(path, "r");
  await handle.sync();
  await handle.close();
}

/** A moment of a daemon's life: soon after one of its steps, or any. */
async function untilMoment(daemon: SpawnedUploader, random: () => number): Promise<void> {
  const moment = moments[Math.floor(random() * (moments.length + 1))];
  // Without that step in time, or with a daemon that ended first, any moment does.
  if (moment !== undefined)
    await Promise.race([daemon.event(moment).catch(() => undefined), sleep(eventMs, null, { ref: false })]);
  await sleep(random() ** 2 * 1500);
}

function left({ files }: Field): number {
  return files.filter(({ path }) => existsSync(path)).length;
}
