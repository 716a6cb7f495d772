/** One thing to bring about; doing it twice is doing it once. */
export type Step = {
  /** As an order: "make the user strongroom". */
  what: string;
  isDone: () => Promise<boolean>;
  act: () => Promise<void>;
};

/** Takes the steps that are not done yet, in order, and says each; with `isDryRun` it only says them. */
export async function takeSteps(
  steps: readonly Step[],
  isDryRun: boolean,
  write: (text: string) => void,
): Promise<{ taken: number }> {
  let taken = 0;
  for (const { what, isDone, act } of steps) {
    if (await isDone()) {
      write(`is so     ${what}\n`);
      continue;
    }
    taken += 1;
    if (!isDryRun) await act();
    write(`${isDryRun ? "would    " : "done     "} ${what}\n`);
  }
  return { taken };
}
