import { setImmediate as nextTurn } from "node:timers/promises";

/**
 * Lets all who ask at the same time share one reading. Nobody is given one that began before they asked, so each sees
 * what was committed until then; and of one `keyOf` never more than one runs, however many ask.
 */
export function coalesced<Input, Key extends object, Result>(
  read: (input: Input) => Promise<Result>,
  keyOf: (input: Input) => Key,
): (input: Input) => Promise<Result> {
  const lanes = new WeakMap<Key, { running: Promise<unknown>; next: Promise<Result> | null }>();

  async function runNext(lane: { running: Promise<unknown>; next: Promise<Result> | null }, input: Input) {
    // Whoever asks in the same turn of the loop comes along.
    await nextTurn();
    await lane.running;
    lane.next = null;
    const run = read(input);
    // How it ends is told to those who asked.
    lane.running = run.catch(() => undefined);
    return run;
  }

  return (input) => {
    const key = keyOf(input);
    const lane = lanes.get(key) ?? { running: Promise.resolve(), next: null };
    lanes.set(key, lane);
    lane.next ??= runNext(lane, input);
    return lane.next;
  };
}
