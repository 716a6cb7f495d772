import { createHash, randomBytes } from "node:crypto";
import { readdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { systemCode } from "../problems.ts";
import { isPresent, pidSpace } from "./presence.ts";

const attempts = 5;

/** A claim on a lock, told by the name of its file alone: NAME.PID.START.SPACE-NONCE, SPACE being where PID counts. */
type Claim = { file: string; pid: number; start: string; space: string };

/**
 * Takes a named lock for this process, or returns null when a living process holds it.
 *
 * Everyone who wants the lock first puts down a claim of their own and then looks for others: of two, the later
 * one sees the earlier, so never do both go on. A claim whose process is dead counts for nothing, and since no
 * claim's name is ever used again, removing it can hit nobody else. Whoever lives in another container is told by
 * `showPresence`, and its claims count for nothing without that.
 *
 * @param folder of locks only; must exist
 * @returns a function that gives the lock back
 */
export async function takeLock(folder: string, name: string): Promise<(() => Promise<void>) | null> {
  for (let attempt = 0; attempt < attempts; attempt++) {
    const nonce = `${await pidSpace()}-${randomBytes(8).toString("hex")}`;
    const file = join(folder, `${name}.${process.pid}.${await startOf(process.pid)}.${nonce}`);
    await writeFile(file, "", { flag: "wx", mode: 0o600 });
    const release = () => rm(file, { force: true });
    if ((await livingClaims(folder, name)).every((claim) => claim.file === file)) return release;
    await release();
    // Two that came at once may both have given way: chance decides the next time.
    await sleep(5 + Math.random() * 40);
  }
  return null;
}

/** Number of the living process that holds a lock; null when none does. */
export async function lockHolder(folder: string, name: string): Promise<number | null> {
  return (await livingClaims(folder, name))[0]?.pid ?? null;
}

async function livingClaims(folder: string, name: string): Promise<Claim[]> {
  const living: Claim[] = [];
  const ownSpace = await pidSpace();
  for (const entry of await readdir(folder)) {
    if (!entry.startsWith(`${name}.`)) continue;
    const [pid = "", start = "", nonce = ""] = entry.slice(name.length + 1).split(".");
    const space = /^(\w+)-/.exec(nonce)?.[1] ?? ownSpace;
    const claim = { file: join(folder, entry), pid: Number(pid), start, space };
    const isLiving = space === ownSpace ? await isAlive(claim) : await isPresent(folder, space, claim.pid);
    if (isLiving) living.push(claim);
    else await rm(claim.file, { force: true });
  }
  return living;
}

async function isAlive({ pid, start }: Pick<Claim, "pid" | "start">): Promise<boolean> {
  if (!Number.isInteger(pid) || pid <= 0) return false;
  try {
    process.kill(pid, 0);
  } catch (error) {
    // EPERM: it lives, as another user.
    if (systemCode(error) !== "EPERM") return false;
  }
  const startNow = await startOf(pid);
  return startNow === "unknown" || start === "unknown" || startNow === start;
}

/** Tells a process from a later one of the same number: a digest of boot and start time; "unknown" where none tells. */
async function startOf(pid: number): Promise<string> {
  try {
    const boot = await readFile("/proc/sys/kernel/random/boot_id", "utf8");
    const stat = await readFile(`/proc/${pid}/stat`, "utf8");
    // proc(5): the fields after the command's closing parenthesis start with the third; start time is the 22nd.
    const startTime = stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19];
    return createHash("sha256").update(`${boot} ${startTime}`).digest("hex").slice(0, 16);
  } catch {
    return "unknown";
  }
}
