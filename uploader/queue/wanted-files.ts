import { basename } from "node:path";
import type { HeartbeatAnswer } from "../../lib/protocol/index.ts";

/** A file that the archive asks for, by name, by content, or both. */
export type Wanted = HeartbeatAnswer["wanted"][number];

const maxWanted = 50;

/** What the archive asks for and has not got yet. It asks again with each heartbeat, so nothing is remembered longer. */
export class WantedFiles {
  #wanted: Wanted[] = [];

  /** Takes over what is asked for now. */
  set(wanted: readonly Wanted[]): void {
    this.#wanted = wanted.slice(0, maxWanted);
  }

  /** Whether a file is one of them. */
  has(path: string, sha256: string | null): boolean {
    return this.#wanted.some((wanted) => isWanted(wanted, path, sha256));
  }
}

/** Whether a file is what is asked for: all that is said of it must be right, as far as it is known. */
export function isWanted(wanted: Wanted, path: string, sha256: string | null): boolean {
  if (wanted.sha256 !== undefined && wanted.sha256 !== sha256) return false;
  if (wanted.fileName !== undefined && wanted.fileName !== basename(path)) return false;
  return wanted.sha256 !== undefined || wanted.fileName !== undefined;
}
