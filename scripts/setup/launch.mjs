import { prepare } from "./prepare.mjs";
import { runOpenly } from "./processes.mjs";
import { at, nodeForWork, typescriptFlags, workEnvironment } from "./root.mjs";
import { Obstacle, sayOnStandardError } from "./say.mjs";

/**
 * Runs one of our TypeScript programs in the caller's working directory, with the caller's arguments, on the
 * pinned runtime. Its exit code becomes ours.
 */
export async function launch(path, steps) {
  sayOnStandardError();
  try {
    await prepare(...steps);
    const args = [...typescriptFlags, at(path), ...process.argv.slice(2)];
    process.exitCode = await runOpenly(nodeForWork(), args, { env: workEnvironment() });
  } catch (error) {
    if (!(error instanceof Obstacle)) throw error;
    process.stderr.write(`${error.message}\n`);
    process.exitCode = 1;
  }
}
