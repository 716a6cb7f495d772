/** Where the domain gets the time from, so that tests and demonstrations decide it. */
export interface Clock {
  now(): Date;
}

/** The machine's clock. */
export const systemClock: Clock = { now: () => new Date() };
