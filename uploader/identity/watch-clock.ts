import type { ClockFloor } from "../http/clock-floor.ts";
import type { ArchiveClock } from "./archive-clock.ts";
import { readClockSource } from "./clock-source.ts";

const everyMs = 300_000;

/**
 * Keeps up with what sets this device's clock, and remembers the last time on which it and the archive agreed.
 *
 * @returns how to stop
 */
export function watchClock(clock: ArchiveClock, floor: ClockFloor): () => void {
  const look = async () => {
    const archiveMs = clock.nowMs();
    if (archiveMs !== null) floor.note(archiveMs, Date.now());
    clock.source = await readClockSource();
  };
  void look();
  const timer = setInterval(() => void look(), everyMs).unref();
  return () => {
    clearInterval(timer);
    const archiveMs = clock.nowMs();
    if (archiveMs !== null) floor.note(archiveMs, Date.now());
  };
}
