import { spawn } from "node:child_process";
import { existsSync, readFileSync, statSync } from "node:fs";
import { constants } from "node:os";
import { exitCodes } from "./exit-codes.ts";
import { Problem, systemCode } from "./problems.ts";

type Owner = { uid: number; gid: number; groups: number[] };

/** Takes this process to another user; throws ERR_INVALID_STATE where this Node cannot. */
export type Become = (owner: Owner) => void;

/**
 * Goes on as the user whose state folder it is, where root asks: what it writes there must stay the service's own. Root
 * keeps itself where there is no folder yet.
 *
 * @returns null: go on; otherwise the exit code of the same command line, which was run as that user
 */
export async function actAsOwner(
  stateFolder: string,
  become: Become = becomeDirectly,
  again: readonly string[] = [process.execPath, ...process.execArgv, ...process.argv.slice(1)],
): Promise<number | null> {
  if (process.getuid?.() !== 0 || !existsSync(stateFolder)) return null;
  const { uid, gid } = statSync(stateFolder);
  if (uid === 0) return null;
  const owner = { uid, gid, groups: groupsOf(uid, gid) };
  try {
    become(owner);
    return null;
  } catch (error) {
    // A Node with io_uring, such as that of Debian 13, does not change its user (CVE-2024-22017).
    if (systemCode(error) !== "ERR_INVALID_STATE") throw error;
    return runAs(owner, again);
  }
}

const becomeDirectly: Become = ({ uid, gid, groups }) => {
  process.setgroups?.(groups);
  process.setgid?.(gid);
  process.setuid?.(uid);
};

function runAs({ uid, gid, groups }: Owner, words: readonly string[]): Promise<number> {
  const who = [`--reuid=${uid}`, `--regid=${gid}`, `--groups=${groups.join(",")}`, "--"];
  const child = spawn("setpriv", [...who, ...words], { stdio: "inherit" });
  // A terminal tells both; what only this process is told is passed on, and the child decides how it ends.
  const passOn = () => void child.kill("SIGTERM");
  const leave = () => undefined;
  process.on("SIGTERM", passOn).on("SIGINT", leave);
  return new Promise<number>((resolve, reject) => {
    child.once("error", () =>
      reject(
        new Problem(
          "usage",
          "This Node cannot act as another user, and there is no setpriv (util-linux). Use sudo -u.",
        ),
      ),
    );
    child.once("close", (code, signal) =>
      resolve(code ?? (signal === null ? exitCodes.internal : 128 + constants.signals[signal])),
    );
  }).finally(() => process.off("SIGTERM", passOn).off("SIGINT", leave));
}

/** The groups of a user by this machine's lists: a recorder's folder may be open to one of them. */
function groupsOf(uid: number, gid: number): number[] {
  const linesOf = (path: string) =>
    (existsSync(path) ? readFileSync(path, "utf8").split("\n") : []).map((line) => line.split(":"));
  const name = linesOf("/etc/passwd").find((fields) => Number(fields[2]) === uid)?.[0];
  const groups = linesOf("/etc/group").filter(
    (fields) => name !== undefined && (fields[3] ?? "").split(",").includes(name),
  );
  return [gid, ...groups.map((fields) => Number(fields[2]))];
}
