import type { Clock } from "../clock.ts";

/** A clock that stands still until the test moves it. */
export type FakeClock = Clock & {
  set(time: Date): void;
  advance(milliseconds: number): void;
};

/** Makes a fake clock; without an argument it stands on a Monday morning in June. */
export function fakeClock(start = new Date("2026-06-01T08:00:00Z")): FakeClock {
  let time = start;
  return {
    now: () => new Date(time),
    set: (to) => {
      time = to;
    },
    advance: (milliseconds) => {
      time = new Date(time.getTime() + milliseconds);
    },
  };
}
