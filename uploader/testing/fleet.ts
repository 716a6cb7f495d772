import { setTimeout as sleep } from "node:timers/promises";
import { seededRandom } from "../../e2e/support/proxy.ts";
import { archiveAudience } from "../../lib/devices/index.ts";
import type { TestWorld } from "../../lib/testing/test-world.ts";
import { startDelayMs } from "../http/start-delay.ts";
import { FleetCounts, FleetDevice, makeIdentity } from "./fleet-device.ts";

export type FleetOptions = {
  devices: number;
  seed: number;
  /** 0.1: the minute over which they spread lasts six seconds. */
  timeScale: number;
  /** Of each device's one recording. */
  sizeBytes: number;
  /** Told now and then how it goes. */
  say?: (line: string) => void;
};

/** What a fleet did from a moment on until the last of its recordings was sealed. */
export type FleetFigures = {
  devices: number;
  sealed: number;
  requests: number;
  retries: Record<string, number>;
  /** Until the last one has its receipt, in the fleet's own time. */
  seconds: number;
  /** Until nine tenths were made: the last few devices would only make the mean, and its peak, look otherwise. */
  requestsPerSecond: number;
  busiestPerSecond: number;
  /** The busiest 10 s of the fleet's own time, over that mean. */
  busiestOverMean: number;
};

const windowMs = 10_000;
const sayEveryMs = 10_000;

/** A fleet that gets its power back in one moment. Each device sends one recording and its heartbeats. */
export async function restartFleet(world: TestWorld, url: string, options: FleetOptions): Promise<FleetFigures> {
  const random = seededRandom(options.seed);
  const counts = new FleetCounts();
  const identities = await identitiesOf(world, url, options.devices);
  const powerBackAtMs = performance.now();
  const devices = identities.map(
    (identity, index) => new FleetDevice(identity, index, startDelayMs(true, random) * options.timeScale, counts),
  );
  return watchFleet(devices, counts, options, powerBackAtMs, () =>
    devices.map((device) => device.deliver(options.sizeBytes)),
  );
}

/** What a fleet asked for while its archive was away. */
export type ArchiveRestartFigures = FleetFigures & {
  /** Devices with a recording on its way at the moment. */
  atWork: number;
  requestsWhileAway: number;
};

/**
 * An archive that dies under a fleet at work and is back after a while. Each device is connected, and in the middle of
 * a recording unless it was quick.
 *
 * @param kill kills the archive; its result brings it back at the same address
 */
export async function restartArchive(
  world: TestWorld,
  url: string,
  kill: () => Promise<() => Promise<void>>,
  options: FleetOptions & { awayMs: number },
): Promise<ArchiveRestartFigures> {
  const random = seededRandom(options.seed);
  const before = new FleetCounts();
  const counts = new FleetCounts();
  const identities = await identitiesOf(world, url, options.devices);
  const devices = identities.map((identity, index) => new FleetDevice(identity, index, 0, before));
  let done = 0;
  const ends = devices.map(async (device) => {
    await sleep(random() * windowMs * options.timeScale);
    const endedAtMs = await device.deliver(options.sizeBytes);
    done += 1;
    return endedAtMs;
  });
  await sleep(windowMs * options.timeScale);
  const bringBack = await kill();
  const atWork = devices.length - done;
  const diedAfter = before.requestsAtMs.length;
  await sleep(options.awayMs);
  await bringBack();
  const requestsWhileAway = before.requestsAtMs.length - diedAfter;
  const backAtMs = performance.now();
  for (const device of devices) device.countIn(counts);
  const figures = await watchFleet(devices, counts, options, backAtMs, () => ends);
  return { ...figures, atWork, requestsWhileAway };
}

async function identitiesOf(world: TestWorld, url: string, count: number) {
  const audience = await archiveAudience(world.db);
  const identities = [];
  for (let index = 0; index < count; index++) identities.push(await makeIdentity(world, url, audience));
  return identities;
}

async function watchFleet(
  devices: readonly FleetDevice[],
  counts: FleetCounts,
  { timeScale, say }: FleetOptions,
  sinceMs: number,
  deliver: () => Promise<number>[],
): Promise<FleetFigures> {
  let sealed = 0;
  const beats = devices.map((device) => device.beat());
  const ends = deliver().map(async (end) => {
    const endedAtMs = await end;
    sealed += 1;
    return endedAtMs;
  });
  const timer = setInterval(() => {
    const seconds = Math.round((performance.now() - sinceMs) / 1000);
    say?.(
      `${seconds} s: ${sealed} of ${devices.length} sealed, ${counts.requestsAtMs.length} requests, ${counts.retriesInAll} retries`,
    );
  }, sayEveryMs);
  const lastMs = Math.max(...(await Promise.all(ends)));
  clearInterval(timer);
  const requestsAtMs = counts.requestsAtMs.filter((atMs) => atMs <= lastMs);
  for (const device of devices) device.close();
  await Promise.all(beats);
  const seconds = (lastMs - sinceMs) / timeScale / 1000;
  const requestsPerSecond = meanRate(requestsAtMs, sinceMs) * timeScale;
  const busiestPerSecond = busiest(requestsAtMs, windowMs * timeScale) / (windowMs / 1000);
  return {
    devices: devices.length,
    sealed,
    requests: requestsAtMs.length,
    retries: Object.fromEntries(counts.retries),
    seconds,
    requestsPerSecond,
    busiestPerSecond,
    busiestOverMean: busiestPerSecond / requestsPerSecond,
  };
}

function meanRate(moments: readonly number[], sinceMs: number): number {
  const sorted = [...moments].sort((a, b) => a - b);
  const count = Math.ceil(sorted.length * 0.9);
  return count / (((sorted[count - 1] ?? sinceMs + 1) - sinceMs) / 1000);
}

/** The most of these moments that lie within so long of each other. */
function busiest(moments: readonly number[], withinMs: number): number {
  const sorted = [...moments].sort((a, b) => a - b);
  let most = 0;
  let first = 0;
  for (const [last, moment] of sorted.entries()) {
    while (moment - (sorted[first] ?? 0) > withinMs) first += 1;
    most = Math.max(most, last - first + 1);
  }
  return most;
}
