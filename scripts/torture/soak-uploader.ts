import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { TestWorld } from "../../lib/testing/test-world.ts";
import type { SpawnedUploader } from "../../uploader/testing/spawned-uploader.ts";
import { withCleanUp } from "./clean-up.ts";
import { HurtField, type Hurts } from "./hurt-field.ts";

type Options = {
  seed: number;
  forMs: number;
  /** True: the daemon is killed again and again. False: it lives, and its memory is watched. */
  kills: boolean;
  say: (line: string) => void;
};

/** What a daemon took at a moment. */
type Memory = { minute: number; rssMib: number; anonymousMib: number };

/** What was done, and what the daemon took; broken promises are in `violations`. */
export type SoakFigures = {
  minutes: number;
  files: number;
  bytes: number;
  kills: number;
  hurts: Hurts;
  /** That the archive heard. */
  heartbeats: number;
  memory: Memory[];
};

const flags = ["--include", "bin", "--delete-after-seal", "--stall-timeout", "5", "--connect-timeout", "3"];
/** The longest pause between attempts is five minutes; after it everything must go. */
const settleMs = 420_000;
const sampleMs = 10_000;
/** A daemon's first minutes are its growing up. */
const warmUpMinutes = 5;
/** Between the mean of the first quarter after that and of the last one. */
const mostGrowthMib = 12;

/** Lets seeded random things happen to an enrolled daemon, and judges what is on both sides in the end. */
export async function soakUploader(world: TestWorld, { seed, forMs, kills, say }: Options) {
  const bundle = join(world.dir, "strongroom-uploader.mjs");
  execFileSync(process.execPath, [join(import.meta.dirname, "../../uploader/build.mjs"), bundle]);
  const hurt = await HurtField.open(world, bundle, seed);
  return withCleanUp(
    () => hurt.close(),
    async () => {
      const violations: string[] = [];
      const startedAtMs = performance.now();
      const life = kills ? new ManyLives(hurt) : new OneLife(hurt, startedAtMs, say);
      const work = [hurt.record(), hurt.hurt(), life.live()];
      for (let leftMs = forMs; leftMs > 0; leftMs -= 60_000) {
        await Promise.race([sleep(Math.min(leftMs, 60_000), null, { ref: false }), ...work]);
        say(
          `${Math.round((performance.now() - startedAtMs) / 60_000)} min: ${hurt.field.files.length} files, ${hurt.waiting()} wait; ${tell(hurt.hurts)}; killed ${life.kills}`,
        );
      }
      hurt.stop();
      await Promise.all(work);
      const daemon = life.last ?? hurt.field.run(flags);
      const deadline = performance.now() + settleMs;
      while (hurt.waiting() > 0 && performance.now() < deadline) await sleep(200);
      if (daemon.child.exitCode !== null) violations.push(`The daemon ended by itself with ${daemon.child.exitCode}.`);
      violations.push(...(await hurt.field.judge()), ...life.violations(), ...(await clones(world, hurt)));
      const figures: SoakFigures = {
        minutes: Math.round((performance.now() - startedAtMs) / 6000) / 10,
        files: hurt.field.files.length,
        bytes: hurt.field.files.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0),
        kills: life.kills,
        hurts: hurt.hurts,
        heartbeats: await heartbeats(world, hurt),
        memory: life.memory,
      };
      if (violations.length > 0) say(hurt.field.story());
      return { figures, violations };
    },
  );
}

/** A daemon that is killed at random moments: of its start, and of its sending. */
class ManyLives {
  readonly #hurt: HurtField;
  kills = 0;
  readonly last = null;
  readonly memory: Memory[] = [];

  constructor(hurt: HurtField) {
    this.#hurt = hurt;
  }

  async live(): Promise<void> {
    const { random, field } = this.#hurt;
    while (!this.#hurt.isOver) {
      const daemon = field.run(flags);
      // On a busy machine a kill by time alone would hit nothing but starts. One that ended first is told by its code.
      if (random() < 0.75) await Promise.race([daemon.event("progress").catch(() => undefined), sleep(8000)]);
      await sleep(random() ** 2 * 6000);
      const { code, stderr } = await daemon.kill();
      if (code !== null) throw new Error(`The daemon ended by itself with ${code}: ${stderr}`);
      daemon.events.length = 0;
      this.kills += 1;
    }
  }

  violations(): string[] {
    return [];
  }
}

/** A daemon that lives all the time. */
class OneLife {
  readonly #hurt: HurtField;
  readonly #startedAtMs: number;
  readonly #say: (line: string) => void;
  readonly kills = 0;
  last: SpawnedUploader | null = null;
  readonly memory: Memory[] = [];

  constructor(hurt: HurtField, startedAtMs: number, say: (line: string) => void) {
    this.#hurt = hurt;
    this.#startedAtMs = startedAtMs;
    this.#say = say;
  }

  async live(): Promise<void> {
    const daemon = this.#hurt.field.run(flags);
    this.last = daemon;
    for (let sample = 1; !this.#hurt.isOver; sample++) {
      await Promise.race([sleep(sampleMs), daemon.ended]);
      if (daemon.child.exitCode !== null) {
        const { code, stderr } = await daemon.ended;
        throw new Error(`The daemon ended by itself with ${code}: ${stderr}`);
      }
      // What a day adds up to is not for the memory of this process.
      daemon.events.length = 0;
      const memory = this.#look(daemon.child.pid ?? 0);
      this.memory.push(memory);
      if (sample % 6 === 0) this.#say(`resident ${memory.rssMib} MiB, of it anonymous ${memory.anonymousMib} MiB`);
    }
  }

  #look(pid: number): Memory {
    const status = readFileSync(`/proc/${pid}/status`, "utf8");
    const mib = (name: string) =>
      Math.round(Number(new RegExp(`${name}:\\s+(\\d+)`).exec(status)?.[1] ?? 0) / 102.4) / 10;
    const minute = Math.round((performance.now() - this.#startedAtMs) / 6000) / 10;
    return { minute, rssMib: mib("VmRSS"), anonymousMib: mib("RssAnon") };
  }

  violations(): string[] {
    const grown = this.memory.filter(({ minute }) => minute > warmUpMinutes);
    const quarter = Math.floor(grown.length / 4);
    if (quarter < 6) return [];
    const first = mean(grown.slice(0, quarter));
    const last = mean(grown.slice(-quarter));
    this.#say(`anonymous memory: ${first.toFixed(1)} MiB in the first quarter, ${last.toFixed(1)} in the last`);
    return last - first < mostGrowthMib ? [] : [`Memory grew from ${first.toFixed(1)} to ${last.toFixed(1)} MiB.`];
  }
}

function mean(samples: readonly Memory[]): number {
  return samples.reduce((sum, { anonymousMib }) => sum + anonymousMib, 0) / samples.length;
}

/** A device that is killed, cut off and started again is one device. */
async function clones({ db }: TestWorld, { field }: HurtField): Promise<string[]> {
  const { cloneSuspectedAt } = await db.device.findUniqueOrThrow({ where: { id: field.device.id } });
  return cloneSuspectedAt === null ? [] : ["The archive takes the device for two."];
}

async function heartbeats({ db }: TestWorld, { field }: HurtField): Promise<number> {
  const { _sum } = await db.deviceContact.aggregate({ where: { deviceId: field.device.id }, _sum: { contacts: true } });
  return _sum.contacts ?? 0;
}

function tell(hurts: Hurts): string {
  return Object.entries(hurts)
    .map(([what, times]) => `${what} ${times}`)
    .join(", ");
}
