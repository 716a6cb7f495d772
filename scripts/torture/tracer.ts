import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readdirSync, readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";

/** System calls that write: what the store asks of the disk, and what is said to clients and to the database. */
export const callSets = {
  storage:
    "openat,mkdir,mkdirat,pwrite64,pwritev,pwritev2,fsync,fdatasync,ftruncate,link,linkat,unlink,unlinkat,rename",
  words: "write,writev,sendto,sendmsg",
} as const;
export type CallSet = keyof typeof callSets;

/** A process that will be killed at one of its system calls. */
export type Trap = {
  /** Lets the process go on, should it still run. */
  remove(): Promise<void>;
};

/** What strace counts, it counts for each thread: words are the main thread's, the disk is the work of another. */
type Threads = "all" | "main";

function isHeld(pid: number, threads: Threads): boolean {
  const held = threads === "main" ? [String(pid)] : readdirSync(`/proc/${pid}/task`);
  return held.every((thread) => /^TracerPid:\t[1-9]/m.test(readFileSync(`/proc/${pid}/task/${thread}/status`, "utf8")));
}

/** Attaches strace, and waits until it holds the threads; null when there is no strace or it may not. */
async function attach(pid: number, threads: Threads, args: readonly string[]): Promise<ChildProcess | null> {
  const follow = threads === "all" ? ["-f"] : [];
  const child = spawn("strace", [...follow, "-o", "/dev/null", ...args, "-p", String(pid)], { stdio: "ignore" });
  let isOver = false;
  child.once("error", () => {
    isOver = true;
  });
  child.once("exit", () => {
    isOver = true;
  });
  while (!isOver && !isHeld(pid, threads)) await sleep(10);
  return isOver ? null : child;
}

/**
 * Kills a process before the nth call of a set that any one of its threads makes from now on: the call itself is
 * never done.
 */
export async function setTrap(pid: number, set: CallSet, nth: number): Promise<Trap> {
  const calls = callSets[set];
  const threads = set === "words" ? "main" : "all";
  const strace = await attach(pid, threads, [
    "-e",
    `trace=${calls}`,
    "-e",
    `inject=${calls}:signal=SIGKILL:when=${nth}`,
  ]);
  if (strace === null) throw new Error("strace cannot be attached");
  const remove = async () => {
    if (strace.exitCode !== null || strace.signalCode !== null) return;
    const ended = once(strace, "exit");
    strace.kill("SIGINT"); // it detaches
    await ended;
  };
  return { remove };
}

/** Why no process can be killed at its system calls here; null: it can. */
export async function whyNoTraps(): Promise<string | null> {
  if (process.platform !== "linux") return "system calls are traced on Linux only";
  const child = spawn("sleep", ["20"], { stdio: "ignore" });
  try {
    await once(child, "spawn");
    const strace = await attach(child.pid ?? 0, "all", ["-e", "trace=write"]);
    if (strace === null) return "there is no strace, or it may not attach to processes (ptrace)";
    strace.kill("SIGINT");
    return null;
  } finally {
    child.kill("SIGKILL");
  }
}
