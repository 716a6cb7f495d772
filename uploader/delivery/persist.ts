import { Patience, sleep } from "../patience.ts";
import { Problem } from "../problems.ts";
import type { World } from "./world.ts";

/** The least that is waited after a refused token: a person has to act, and locks count attempts. */
const authenticationDelayMs = 30_000;

/** An attempt under way, as seen from within. */
export type Attempt = {
  /** Factor on time-outs: grows while nothing moves, for links slower than anyone planned. */
  patience: number;
  /** Something got further. */
  progress: () => void;
  /** While nothing fails and nothing gets further either: throws "gave_up" when that has lasted too long. */
  check: (state: string) => void;
};

/**
 * Does something that may fail in passing until it succeeds, with growing delays.
 *
 * @param onProblem told before each wait; may change what the next attempt does
 * @throws Problem that no further attempt can help, or "gave_up"
 */
export async function persist<T>(
  world: World,
  file: string,
  act: (attempt: Attempt) => Promise<T>,
  onProblem: (problem: Problem, retryAt: Date) => Promise<void>,
): Promise<T> {
  const patience = new Patience(world.settings.patience);
  for (;;) {
    try {
      return await act({
        patience: 2 ** Math.min(patience.failures, 3),
        progress: () => patience.progress(),
        check: (state) => patience.check(new Problem("again", state)),
      });
    } catch (error) {
      if (!(error instanceof Problem) || !isPassing(error, world)) throw error;
      world.figures.failed(error);
      if (world.letsGo(patience.failures + 1)) throw error;
      let delayMs = patience.nextDelayMs(error);
      if (error.kind === "authentication") delayMs = Math.max(delayMs, authenticationDelayMs * (1 + Math.random()));
      world.report({
        event: "retry",
        file,
        attempt: patience.failures,
        inSeconds: Math.round(delayMs / 100) / 10,
        problem: error.message,
      });
      await onProblem(error, new Date(Date.now() + delayMs));
      await sleep(delayMs, world.signal);
    }
  }
}

function isPassing(problem: Problem, world: World): boolean {
  if (problem.kind === "authentication") return world.settings.retriesAuthentication;
  return problem.kind === "again" || problem.kind === "restart";
}
