import { resolve } from "node:path";
import { sleep } from "../patience.ts";
import type { Report } from "../report/events.ts";
import { isFileInWork } from "./state-store.ts";

const lookEveryMs = 250;

/**
 * How `push` behaves where another uploader has the state folder: behind another push it waits for its turn, unless
 * that one sends one of these very files; a daemon never ends, so nobody waits for it.
 */
export function waitForTurn(
  folder: string,
  server: string,
  files: readonly string[],
  report: Report,
  signal: AbortSignal,
): (holder: "daemon" | "push") => Promise<boolean> {
  let isTold = false;
  return async (holder) => {
    if (holder === "daemon") return false;
    for (const file of files) if (await isFileInWork(folder, server, resolve(file))) return false;
    const [file] = files;
    if (!isTold && file !== undefined)
      report({ event: "waiting", file, reason: "busy", detail: `another uploader works with ${folder}` });
    isTold = true;
    await sleep(lookEveryMs, signal);
    return true;
  };
}
