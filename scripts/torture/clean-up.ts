const due: (() => Promise<void>)[] = [];

/** Does something, and cleans up after it: when it has ended, in whatever way, or is interrupted. */
export async function withCleanUp<T>(cleanUp: () => Promise<void>, work: () => Promise<T>): Promise<T> {
  due.push(cleanUp);
  try {
    return await work();
  } finally {
    due.splice(due.indexOf(cleanUp), 1);
    await cleanUp();
  }
}

/** On Ctrl-C nothing is left behind: no process, no database, no directory. */
export function cleanUpWhenInterrupted(): void {
  const end = async () => {
    for (const cleanUp of due.splice(0).reverse()) await cleanUp().catch(() => undefined);
    process.exit(130);
  };
  process.once("SIGINT", () => void end());
  process.once("SIGTERM", () => void end());
}
