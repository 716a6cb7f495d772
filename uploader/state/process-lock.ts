import { randomBytes } from "node:crypto";
import { link, readFile, rename, rm, unlink, writeFile } from "node:fs/promises";
import { systemCode } from "../problems.ts";

/** Who holds a lock: the process, told apart from a later one with the same number. */
type Holder = { pid: number; startedAt: string };

/**
 * Takes a lock file for this process, or returns null when a living process holds it. A lock that a killed process
 * or a power cut left behind is taken over.
 *
 * @returns a function that gives the lock back
 */
export async function takeLock(path: string): Promise<(() => Promise<void>) | null> {
  const own = JSON.stringify({
    pid: process.pid,
    startedAt: await startOf(process.pid),
    nonce: randomBytes(8).toString("hex"),
  });
  const mine = `${path}.${randomBytes(6).toString("hex")}`;
  await writeFile(mine, own, { flag: "wx", mode: 0o600 });
  try {
    for (let attempt = 0; attempt < 10; attempt++) {
      if (await tryLink(mine, path)) return async () => release(path, own);
      const found = await readOrNull(path);
      if (found === null) continue;
      if (await isAlive(found)) return null;
      // Move it aside first: of two that try this at once, only one moves this very lock.
      const aside = `${path}.${randomBytes(6).toString("hex")}.stale`;
      try {
        await rename(path, aside);
      } catch {
        continue;
      }
      // What was moved may be a fresh lock that another took in between; then it goes back.
      if ((await readOrNull(aside)) !== found) await tryLink(aside, path);
      await rm(aside, { force: true });
    }
    return null;
  } finally {
    await rm(mine, { force: true });
  }
}

/** The process number in a lock file whose process lives; null when there is none. */
export async function lockHolder(path: string): Promise<number | null> {
  const found = await readOrNull(path);
  return found !== null && (await isAlive(found)) ? (readHolder(found)?.pid ?? null) : null;
}

async function release(path: string, own: string): Promise<void> {
  if ((await readOrNull(path)) === own) await unlink(path).catch(() => undefined);
}

async function tryLink(from: string, to: string): Promise<boolean> {
  try {
    await link(from, to);
    return true;
  } catch (error) {
    if (systemCode(error) === "EEXIST") return false;
    // FAT and exFAT, common on memory cards, have no hard links.
    try {
      await writeFile(to, await readFile(from), { flag: "wx", mode: 0o600 });
      return true;
    } catch (writeError) {
      if (systemCode(writeError) === "EEXIST") return false;
      throw writeError;
    }
  }
}

function readHolder(text: string): Holder | null {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value !== "object" || value === null || !("pid" in value) || !("startedAt" in value)) return null;
    const { pid, startedAt } = value;
    return typeof pid === "number" && typeof startedAt === "string" ? { pid, startedAt } : null;
  } catch {
    return null;
  }
}

async function isAlive(text: string): Promise<boolean> {
  const holder = readHolder(text);
  if (holder === null) return false;
  try {
    process.kill(holder.pid, 0);
  } catch (error) {
    // EPERM: it lives, as another user.
    if (systemCode(error) !== "EPERM") return false;
  }
  const startedAt = await startOf(holder.pid);
  return startedAt === "" || holder.startedAt === "" || startedAt === holder.startedAt;
}

/** When a process started, in the words of the kernel and with the boot that it belongs to; "" where none tells. */
async function startOf(pid: number): Promise<string> {
  const stat = await readOrNull(`/proc/${pid}/stat`);
  const boot = await readOrNull("/proc/sys/kernel/random/boot_id");
  if (stat === null || boot === null) return "";
  // proc(5): the fields after the command's closing parenthesis start with the third; start time is the 22nd.
  return `${boot.trim()} ${stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19]}`;
}

async function readOrNull(path: string): Promise<string | null> {
  try {
    return await readFile(path, "utf8");
  } catch {
    return null;
  }
}
