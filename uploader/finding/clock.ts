/** Time, so that tests can move it. */
export type Clock = {
  /** Milliseconds that only ever grow, whatever happens to the date. */
  monotonicMs(): number;
  /** Milliseconds since 1970, as far as this device knows. */
  wallMs(): number;
};

/** The clocks of this machine. */
export const systemClock: Clock = { monotonicMs: () => performance.now(), wallMs: () => Date.now() };
