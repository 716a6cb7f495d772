import { execFile } from "node:child_process";
import {
  chmod,
  chown,
  lstat,
  mkdir,
  open,
  readFile,
  readlink,
  rename,
  rm,
  stat,
  symlink,
  writeFile,
} from "node:fs/promises";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { messageOf, Problem, systemCode } from "../problems.ts";
import { syncFolder } from "../state/durable-file.ts";
import type { Step } from "./steps.ts";

/** Name of the systemd unit. */
export const unitName = "strongroom-uploader.service";
/** Name of the program in a version's folder. */
export const programName = "strongroom-uploader.mjs";

/** Where everything of an installation lies. */
export type Installation = {
  /** Before every path, for an image of another machine; empty: this machine. */
  root: string;
  folder: string;
  user: string;
  stateFolder: string;
  configFile: string;
};

/** A path of the installation, where it is now. */
export function inRoot(installation: Pick<Installation, "root">, path: string): string {
  return installation.root === "" ? path : join(installation.root, path);
}

/** The step that puts a file in place with this content and mode. */
export function fileStep(what: string, path: string, content: string | Buffer, mode: number): Step {
  return {
    what,
    isDone: async () => {
      const there = await readFile(path).catch(() => null);
      if (there === null || !there.equals(Buffer.from(content))) return false;
      return ((await stat(path)).mode & 0o777) === mode;
    },
    act: () => putFile(path, content, mode),
  };
}

/** Puts a file in place: whole or not at all, also after a power cut. */
export async function putFile(path: string, content: string | Buffer, mode: number): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  const temporary = `${path}.${process.pid}.new`;
  const handle = await open(temporary, "w", mode);
  try {
    await handle.writeFile(content);
    await handle.chmod(mode);
    await handle.sync();
  } finally {
    await handle.close();
  }
  await rename(temporary, path);
  await syncFolder(dirname(path));
}

/** Lets a symbolic link point elsewhere in one step. */
export async function pointLink(path: string, target: string): Promise<void> {
  const temporary = `${path}.${process.pid}.new`;
  await rm(temporary, { force: true });
  await symlink(target, temporary);
  await rename(temporary, path);
  await syncFolder(dirname(path));
}

/** Where a symbolic link points; null: there is none. */
export async function linkTarget(path: string): Promise<string | null> {
  return readlink(path).catch(() => null);
}

/** The step that lets a link point to a target. */
export function linkStep(what: string, path: string, target: string): Step {
  return {
    what,
    isDone: async () => (await linkTarget(path)) === target,
    act: async () => {
      await mkdir(dirname(path), { recursive: true });
      await pointLink(path, target);
    },
  };
}

/** The step that removes a file or a folder with everything in it. */
export function removeStep(what: string, path: string): Step {
  return {
    what,
    isDone: async () => (await lstat(path).catch(() => null)) === null,
    act: () => rm(path, { recursive: true, force: true }),
  };
}

/** Whether something is there. */
export async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    (error: unknown) => {
      if (systemCode(error) === "ENOENT" || systemCode(error) === "ENOTDIR") return false;
      throw error;
    },
  );
}

/** Numbers of a user, from the machine's list; null: there is none of this name. */
export async function findUser(name: string, root = ""): Promise<{ uid: number; gid: number } | null> {
  const list = await readFile(`${root}/etc/passwd`, "utf8").catch(() => "");
  const line = list.split("\n").find((entry) => entry.startsWith(`${name}:`));
  const [, , uid, gid] = line?.split(":") ?? [];
  return uid === undefined || gid === undefined ? null : { uid: Number(uid), gid: Number(gid) };
}

/** Gives a path to a user and mode, where this process may do that. */
export async function giveTo(path: string, owner: { uid: number; gid: number } | null, mode: number): Promise<void> {
  if (owner !== null && process.getuid?.() === 0) await chown(path, owner.uid, owner.gid);
  await chmod(path, mode);
}

/** Runs a program of the system. @throws Problem with what it said */
export async function runTool(
  program: string,
  args: readonly string[],
  options: { uid?: number; gid?: number } = {},
): Promise<string> {
  try {
    const { stdout } = await promisify(execFile)(program, [...args], { ...options, timeout: 120_000 });
    return stdout;
  } catch (error) {
    const said = error instanceof Error && "stderr" in error ? String(error.stderr).trim() : "";
    throw new Problem("file", `${program} ${args[0] ?? ""} failed: ${said === "" ? messageOf(error) : said}`);
  }
}

/** Makes a file that is only written when nobody has one: what people have changed stays. */
export function onceStep(what: string, path: string, content: string, mode: number): Step {
  return {
    what,
    isDone: () => exists(path),
    act: async () => {
      await mkdir(dirname(path), { recursive: true });
      await writeFile(path, content, { flag: "wx", mode });
      await chmod(path, mode);
    },
  };
}
