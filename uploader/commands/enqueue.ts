import { resolve } from "node:path";
import { askDaemon } from "../control/control-socket.ts";
import { exitCodes } from "../exit-codes.ts";
import { readIdentity } from "../file-identity.ts";
import { dropEnqueue } from "../finding/enqueue-drop.ts";
import { Problem, systemCode } from "../problems.ts";

/** What a recorder's hook says. */
export type EnqueueSettings = {
  files: readonly string[];
  isJson: boolean;
  isEvent: boolean;
  tags: readonly string[];
  source: string | null;
  capturedFrom: string | null;
  capturedUntil: string | null;
};

const timeoutMs = 5000;

/**
 * Says that recordings are finished: to the daemon, or, while none runs, by a durable note that the next one takes up.
 *
 * @throws Problem "file" or "usage"
 */
export async function enqueue(
  stateFolder: string,
  settings: EnqueueSettings,
  write: (text: string) => void,
): Promise<number> {
  for (const file of settings.files) {
    const path = resolve(file);
    await readIdentity(path);
    const said: Record<string, unknown> = { path, tags: settings.tags, event: settings.isEvent };
    for (const key of ["source", "capturedFrom", "capturedUntil"] as const)
      if (settings[key] !== null) said[key] = settings[key];
    const answer = await askDaemon(stateFolder, { ...said, do: "enqueue" }, timeoutMs).catch(() => null);
    if (answer?.ok === false) throw new Problem("usage", answer.problem);
    if (answer === null) await leaveNote(stateFolder, said);
    const isTold = answer !== null;
    if (settings.isJson) write(`${JSON.stringify({ event: "enqueued", file: path, isDaemonTold: isTold })}\n`);
    else write(`${path}: ${isTold ? "enqueued" : "noted; the next daemon takes it up"}\n`);
  }
  return exitCodes.ok;
}

async function leaveNote(stateFolder: string, said: Record<string, unknown>): Promise<void> {
  try {
    await dropEnqueue(stateFolder, said);
  } catch (error) {
    if (systemCode(error) !== "EACCES") throw error;
    throw new Problem(
      "file",
      `${stateFolder} is the service's own. A recorder's hook of another user puts an empty NAME.done beside the recording; or let it run enqueue as root or as that user.`,
    );
  }
}
