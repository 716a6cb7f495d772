import { existsSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import type { Field } from "./field.ts";
import type { SpawnedUploader } from "./spawned-uploader.ts";
import { killAtCall, type WritingCalls } from "./trace-calls.ts";

/** How a run goes. */
export type KillOptions = {
  /** Of each set: 1: every call; 7: each seventh. */
  strides: Record<WritingCalls, number>;
  /** No more than so many kills of a set; left out: until a recording gets through untouched. */
  mostKills?: number;
  say?: (line: string) => void;
};

const flags = ["--include", "bin", "--delete-after-seal"];
const fileBytes = 450_000;
/** After so many kills, at most, a life is left in peace until the card is empty: a backlog that only grew would be all that is met. */
const mostLeft = 6;
/** A daemon that is through with everything before its call comes is not killed by it. */
const longestLifeMs = 60_000;

/**
 * Runs the daemon again and again on a card with a new recording each time, and kills it at its first, second, third …
 * system call that writes, until one life gets its recording deleted by a receipt before the call comes. What a life
 * leaves unfinished is the next one's, for some lives.
 *
 * @returns how often it was killed
 */
export async function killAtCalls(
  field: Field,
  { strides, mostKills, say }: KillOptions,
): Promise<Record<WritingCalls, number>> {
  const kills: Record<WritingCalls, number> = { disk: 0, words: 0 };
  for (const set of ["disk", "words"] as const)
    for (let nth = 1; kills[set] < (mostKills ?? Number.POSITIVE_INFINITY); nth += strides[set]) {
      const file = await field.make(`${set}-${nth}.bin`, fileBytes);
      const daemon = field.run(flags, killAtCall(set, nth));
      const isThrough = await Promise.race([
        daemon.ended.then(() => false),
        daemon
          .event("done", (done) => done.file === file.path)
          .then(
            () => true,
            () => false,
          ),
        sleep(longestLifeMs, true, { ref: false }),
      ]);
      await end(daemon);
      if (isThrough) break;
      kills[set] += 1;
      say?.(`killed at call ${nth} of ${set}`);
      if (kills[set] % mostLeft === 0) await empty(field);
    }
  return kills;
}

/** Lets a daemon send what is left. */
async function empty(field: Field): Promise<void> {
  const daemon = field.run(flags);
  while (field.files.some(({ path }) => existsSync(path))) {
    if (daemon.child.exitCode !== null) throw new Error(`It ended by itself: ${(await daemon.ended).stderr}`);
    await sleep(50);
  }
  await daemon.kill();
}

// strace passes no signal on: the one that it traces is its child.
async function end(daemon: SpawnedUploader): Promise<void> {
  if (daemon.child.exitCode !== null || daemon.child.signalCode !== null) return;
  await daemon.kill();
}
