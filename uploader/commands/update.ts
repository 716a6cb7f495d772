import { exitCodes } from "../exit-codes.ts";
import { Problem } from "../problems.ts";
import { compareVersions, openUpdate, type Update } from "../update/bundle.ts";
import type { Pending, Versions } from "../update/versions.ts";

/** What `update` is asked for. */
export type UpdateSettings = {
  isForced: boolean;
  /** False: an image of another machine, where nothing runs. */
  isLive: boolean;
  /** How long a recording that is being sent may hold the update up. */
  waitMs: number;
  /** How long the new version may take to reach the archive. */
  contactMs: number;
};

/** What an update needs of its surroundings. */
export type UpdateWorld = {
  versions: Versions;
  readBundle: () => Promise<Buffer>;
  runtime: string;
  /** What a program says of its version; throws when it does not start. */
  versionOf: (program: string) => Promise<string>;
  /** Names of recordings between two steps; empty: every step is committed. */
  uncommitted: () => Promise<string[]>;
  /** Whether the archive answers the daemon now; without contact before, there need be none after. */
  isInContact: () => Promise<boolean>;
  /** Restarts the service; returns when systemd took the order. */
  restart: () => Promise<void>;
  /** The version that reached the archive last, and forgetting it. */
  contactVersion: () => Promise<string | null>;
  forgetContact: () => Promise<void>;
  /** The version of the daemon that runs; null: none does. */
  runningVersion: () => Promise<string | null>;
  sleep: (ms: number) => Promise<void>;
  nowMs: () => number;
  write: (text: string) => void;
};

const lookEveryMs = 500;

/**
 * Brings a signed version in: beside the one that runs, then in one step in its place, and back when it does not reach
 * the archive. Killed anywhere it leaves a whole version in place, and the guard of the unit takes back what does not work.
 */
export async function update(settings: UpdateSettings, world: UpdateWorld): Promise<number> {
  const { versions, write } = world;
  await finishEarlier(settings, world);
  const from = await versions.current();
  const opened = openUpdate(await world.readBundle(), await versions.releaseKeys());
  const to = opened.manifest.release;
  if (!settings.isForced && compareVersions(to, from) === 0) {
    write(`Version ${to} is installed already.\n`);
    return exitCodes.ok;
  }
  refuseUnfit(opened, from, settings, world);
  const others = to === from ? [] : [from];
  await versions.add(to, opened.program);
  await refuseBroken(to, others, world);
  if (settings.isLive) await waitUntilCommitted(settings, world);
  const needsContact = settings.isLive && (await world.isInContact());
  await versions.begin({ from, to });
  if (settings.isLive) await world.forgetContact();
  await versions.switchTo(to);
  write(`Version ${to} is in place of ${from}.\n`);
  if (!settings.isLive) {
    await versions.settle();
    return exitCodes.ok;
  }
  await world.restart();
  return conclude({ from, to }, needsContact, settings, world);
}

async function conclude(
  { from, to }: Pending,
  needsContact: boolean,
  settings: UpdateSettings,
  world: UpdateWorld,
): Promise<number> {
  const { versions, write } = world;
  if (await isHealthy(to, needsContact, settings, world)) {
    if (needsContact) {
      await versions.settle();
      await versions.prune([from, to]);
      write(`Version ${to} runs and has reached the archive.\n`);
    } else write(`Version ${to} runs. There is no contact with the archive, so it is on trial until there is.\n`);
    return exitCodes.ok;
  }
  await versions.switchTo(from);
  await versions.settle();
  await world.restart();
  write(
    `Version ${to} did not ${needsContact ? "reach the archive" : "start"} within ${Math.round(settings.contactMs / 1000)} s; ${from} is back.\n`,
  );
  return exitCodes.failed;
}

// Somebody killed an update: what is on trial is judged first.
async function finishEarlier(settings: UpdateSettings, world: UpdateWorld): Promise<void> {
  const { versions } = world;
  const pending = await versions.pending();
  if (pending === null) return;
  const isSwitched = (await versions.current()) === pending.to;
  if (isSwitched && settings.isLive && (await world.runningVersion()) !== pending.to) await world.restart();
  if (!isSwitched || !settings.isLive) await versions.settle();
  else await conclude(pending, await world.isInContact(), settings, world);
}

function refuseUnfit({ manifest }: Update, from: string, { isForced }: UpdateSettings, { runtime }: UpdateWorld): void {
  const { release, minimalRuntime } = manifest;
  if (compareVersions(runtime, minimalRuntime) < 0)
    throw new Problem("refused", `Version ${release} needs Node ${minimalRuntime} or newer; this is ${runtime}.`);
  if (!isForced && compareVersions(release, from) < 0)
    throw new Problem(
      "refused",
      `Version ${release} is older than ${from}, which is installed. --force goes back to it.`,
    );
}

async function refuseBroken(
  to: string,
  others: readonly string[],
  { versions, versionOf }: UpdateWorld,
): Promise<void> {
  const said = await versionOf(versions.programOf(to)).catch(() => null);
  if (said === to) return;
  // With --force it may be the one that runs.
  if (others.length > 0) await versions.remove(to);
  throw new Problem(
    "refused",
    `Version ${to} does not start on this machine${said === null ? "" : `: it says ${said}`}.`,
  );
}

async function waitUntilCommitted({ isForced, waitMs }: UpdateSettings, world: UpdateWorld): Promise<void> {
  if (isForced) return;
  const untilMs = world.nowMs() + waitMs;
  for (let told = false; ; told = true) {
    const [first, ...others] = await world.uncommitted();
    if (first === undefined) return;
    if (!told)
      world.write(`Waiting until ${first}${others.length === 0 ? "" : ` and ${others.length} others`} is through.\n`);
    if (world.nowMs() >= untilMs)
      throw new Problem("busy", `${first} is being sent. Try again later, or --force: what was acknowledged stays.`);
    await world.sleep(lookEveryMs);
  }
}

async function isHealthy(
  to: string,
  needsContact: boolean,
  settings: UpdateSettings,
  world: UpdateWorld,
): Promise<boolean> {
  const untilMs = world.nowMs() + settings.contactMs;
  while (world.nowMs() < untilMs) {
    const version = needsContact ? await world.contactVersion() : await world.runningVersion();
    if (version === to) return true;
    await world.sleep(lookEveryMs);
  }
  return false;
}
