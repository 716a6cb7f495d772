import { spawnSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { chmodSync, chownSync, existsSync, readFileSync, realpathSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { makePrivateDir } from "../secret-file.ts";
import { PostgresError } from "./postgres-error.ts";
import { binaryOf, completeLinks, copyProgram, type Program, packagedProgram } from "./program.ts";

/** Who PostgreSQL runs as; null: as ourselves. It refuses to run as root. */
export type RunAs = { uid: number; gid: number } | null;

/** Where one archive's PostgreSQL lives: its cluster, its log, and if need be its program. */
export type Home = { dir: string; program: Program; runAs: RunAs };

/** Below this, root's archives keep what PostgreSQL's user cannot reach where the archive is. */
const systemDir = "/var/lib/strongroom";

/**
 * Finds, or makes, the home of the PostgreSQL of this DATA_DIR. An ordinary user's is in DATA_DIR. For root,
 * PostgreSQL runs as another user; when that user cannot reach DATA_DIR (as below /root), the home is in
 * /var/lib/strongroom and the file `postgres-home` in DATA_DIR says where.
 */
export function openHome(dataDir: string): Home {
  makePrivateDir(dataDir);
  const runAs = chooseUser(join(dataDir, "postgres"));
  if (runAs !== null) letThrough(dataDir, runAs);
  const pointer = join(dataDir, "postgres-home");
  const dir = readPointer(dataDir) ?? join(dataDir, "postgres");
  if (makeOwn(dir, runAs)) return { dir, program: reachableProgram(dir, runAs), runAs };
  if (existsSync(pointer)) {
    throw new PostgresError(
      `The database of this archive is in ${dir}, which PostgreSQL's user cannot reach any more.`,
    );
  }
  const away = join(systemDir, randomBytes(8).toString("hex"));
  if (!makeOwn(away, runAs)) {
    throw new PostgresError(`PostgreSQL's user can reach neither ${dataDir} nor ${away}: set DATABASE_URL.`);
  }
  writeFileSync(join(away, "data-dir"), `${realpathSync(dataDir)}\n`);
  writeFileSync(pointer, `${away}\n`, { flag: "wx", flush: true });
  return { dir: away, program: reachableProgram(away, runAs), runAs };
}

/** Where `postgres-home` points; null when there is none. A copied DATA_DIR must not share the original's database. */
function readPointer(dataDir: string): string | null {
  const pointer = join(dataDir, "postgres-home");
  if (!existsSync(pointer)) return null;
  const dir = readFileSync(pointer, "utf8").trim();
  const owner = join(dir, "data-dir");
  const from = existsSync(owner) ? readFileSync(owner, "utf8").trim() : null;
  const here = realpathSync(dataDir);
  if (from !== null && from !== here && existsSync(join(from, "postgres-home"))) {
    throw new PostgresError(`The database in ${dir} belongs to ${from}: remove ${pointer} to begin an empty one.`);
  }
  if (from !== here && existsSync(dir)) writeFileSync(owner, `${here}\n`); // DATA_DIR was moved
  return dir;
}

/** Makes the directory for PostgreSQL's user alone, and says whether that user can write in it. */
function makeOwn(dir: string, runAs: RunAs): boolean {
  makePrivateDir(dir);
  if (runAs === null) return true;
  chownSync(dir, runAs.uid, runAs.gid);
  return mayAs(runAs, `test -w "$0" && test -x "$0"`, dir);
}

/** DATA_DIR is closed to others. Its group, and only to walk through, is opened to PostgreSQL's user. */
function letThrough(dataDir: string, runAs: { uid: number; gid: number }): void {
  const { mode, uid } = statSync(dataDir);
  if ((mode & 0o001) !== 0 || uid !== process.getuid?.()) return;
  chownSync(dataDir, uid, runAs.gid);
  chmodSync(dataDir, (mode & 0o777) | 0o010);
}

function reachableProgram(home: string, runAs: RunAs): Program {
  const packaged = packagedProgram();
  const isUsable =
    completeLinks(packaged) && (runAs === null || mayAs(runAs, `test -x "$0"`, binaryOf(packaged, "postgres")));
  return isUsable ? packaged : copyProgram(packaged, home);
}

/** For root: the owner of an existing home, else the first of these users that this machine has. */
function chooseUser(usualDir: string): RunAs {
  if (process.getuid?.() !== 0) return null;
  if (existsSync(usualDir)) {
    const { uid, gid } = statSync(usualDir);
    if (uid !== 0) return { uid, gid };
  }
  for (const name of ["postgres", "nobody"]) {
    const user = readUser(name);
    if (user !== null) return user;
  }
  throw new PostgresError(
    "PostgreSQL does not run as root, and there is no user postgres or nobody: set DATABASE_URL.",
  );
}

function readUser(name: string): RunAs {
  const line = readFileSync("/etc/passwd", "utf8")
    .split("\n")
    .find((entry) => entry.startsWith(`${name}:`));
  const [, , uid, gid] = line?.split(":") ?? [];
  return uid === undefined || gid === undefined ? null : { uid: Number(uid), gid: Number(gid) };
}

/** Asks the system itself, as that user, because rights come from more than the mode of one directory. */
function mayAs(runAs: { uid: number; gid: number }, script: string, path: string): boolean {
  const result = spawnSync("/bin/sh", ["-c", script, path], { ...runAs, cwd: "/", stdio: "ignore" });
  if (result.error !== undefined) {
    throw new PostgresError(`PostgreSQL cannot be run as another user (${result.error.message}): set DATABASE_URL.`);
  }
  return result.status === 0;
}
