import { spawn } from "node:child_process";
import {
  chownSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import type { Home } from "./home.ts";
import { hasCode, PostgresError } from "./postgres-error.ts";
import { binaryOf, programEnvironment } from "./program.ts";

/** The archive's PostgreSQL user, and its database. */
export const userName = "strongroom";

const leftOverMs = 10 * 60_000;

/** The cluster's directory. */
export function clusterDir(home: Home): string {
  return join(home.dir, "cluster");
}

/**
 * Makes the cluster when there is none. It appears whole: initdb works beside it, and a process that was killed
 * or was second leaves nothing that counts.
 *
 * @throws PostgresError when initdb fails, or the cluster is of another major version
 */
export async function ensureCluster(home: Home, password: string): Promise<void> {
  const dir = clusterDir(home);
  if (existsSync(join(dir, "PG_VERSION"))) return refuseOtherVersion(home);
  removeLeftOvers(home);
  const work = mkdtempSync(join(home.dir, "new-"));
  const passwordFile = join(work, "password");
  try {
    writeFileSync(passwordFile, password, { mode: 0o600 });
    if (home.runAs !== null) {
      for (const path of [work, passwordFile]) chownSync(path, home.runAs.uid, home.runAs.gid);
    }
    await runInitdb(home, join(work, "cluster"), passwordFile);
    renameSync(join(work, "cluster"), dir);
  } catch (error) {
    if (!hasCode(error, "ENOTEMPTY", "EEXIST", "EPERM") || !existsSync(join(dir, "PG_VERSION"))) throw error;
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

/** What a process left that was killed while it made a cluster, and long enough ago to be sure of that. */
function removeLeftOvers(home: Home): void {
  for (const name of readdirSync(home.dir)) {
    const path = join(home.dir, name);
    if (name.startsWith("new-") && statSync(path).mtimeMs < Date.now() - leftOverMs) rmSync(path, { recursive: true });
  }
}

async function runInitdb(home: Home, dir: string, passwordFile: string): Promise<void> {
  const args = [
    `--pgdata=${dir}`,
    `--username=${userName}`,
    `--pwfile=${passwordFile}`,
    "--auth=scram-sha-256",
    "--encoding=UTF8",
    "--locale=C",
    // PostgreSQL's own rules for letters: the same on every machine, and no index breaks with a new libc.
    "--locale-provider=builtin",
    "--builtin-locale=C.UTF-8",
  ];
  const child = spawn(binaryOf(home.program, "initdb"), args, {
    ...home.runAs,
    cwd: home.dir,
    detached: true, // Ctrl-C belongs to us; the half-made cluster is removed either way
    stdio: ["ignore", "ignore", "pipe"],
    env: programEnvironment,
  });
  const closed = new Promise<number | null>((resolve, reject) => {
    child.once("error", reject);
    child.once("close", resolve);
  });
  const [code, said] = await Promise.all([closed, text(child.stderr)]);
  if (code === 0) return;
  const reason = said.split("\n").find((line) => line.includes("error:")) ?? said.trim();
  throw new PostgresError(`The database cannot be made in ${home.dir}: ${reason}`);
}

function refuseOtherVersion(home: Home): void {
  const made = readFileSync(join(clusterDir(home), "PG_VERSION"), "utf8").trim();
  const carried = home.program.version.split(".")[0];
  if (made === carried) return;
  throw new PostgresError(
    `The database in ${home.dir} was made by PostgreSQL ${made} and this Strongroom carries ${carried}: ` +
      "restore a backup into an empty DATA_DIR, or run that PostgreSQL yourself and set DATABASE_URL.",
  );
}
