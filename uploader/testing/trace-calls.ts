import { spawnSync } from "node:child_process";

/** System calls that change what is on the disk, and those that say something: to the network, a pipe, the journal. */
const writingCalls = {
  disk: "fsync,fdatasync,ftruncate,pwrite64,link,linkat,unlink,unlinkat,rename,renameat,renameat2,mkdir,mkdirat",
  words: "write,writev,sendto,sendmsg,connect",
} as const;

/** A set of them. */
export type WritingCalls = keyof typeof writingCalls;

/** What runs a Node with a fault at its nth call of a set; each thread counts for itself. One thread has the disk. */
export function tracedNode(fault: string): { node: string[]; environment: Record<string, string> } {
  const calls = fault.slice(0, fault.indexOf(":"));
  // Without --seccomp-bpf: strace 6.1 injects no signals with it.
  const strace = ["strace", "-f", "-qq", "-o", "/dev/null"];
  return {
    node: [...strace, "-e", `trace=${calls}`, "-e", `inject=${fault}`, process.execPath],
    environment: { UV_THREADPOOL_SIZE: "1" },
  };
}

/** Kills the process before its nth call of a set. */
export function killAtCall(set: WritingCalls, nth: number): ReturnType<typeof tracedNode> {
  return tracedNode(`${writingCalls[set]}:signal=KILL:when=${nth}`);
}

/** Why no process can be traced here; null: it can. */
export function whyNoTracing(): string | null {
  if (process.platform !== "linux") return "system calls are traced on Linux only";
  const { node } = killAtCall("disk", 1);
  const program = [...node.slice(1), "-e", "require('node:fs').mkdirSync('/proc/never')"];
  const { signal, status } = spawnSync(node[0] ?? "", program, { stdio: "ignore" });
  // strace ends as the traced one did.
  return signal === "SIGKILL" || status === 137 ? null : "there is no strace, or it may not trace (ptrace)";
}
