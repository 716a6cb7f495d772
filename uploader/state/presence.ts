import { readlink, rm } from "node:fs/promises";
import { createConnection, createServer } from "node:net";
import { join } from "node:path";
import { systemCode } from "../problems.ts";

/** sockaddr_un holds 108 bytes on Linux and 104 elsewhere, with the NUL at the end. */
const maxSocketPathBytes = 103;

/**
 * Where this process's number counts: Linux gives each container numbers of its own, and to one in another container
 * every process of this one looks dead. "all" where there is no such thing.
 */
export async function pidSpace(): Promise<string> {
  const link = await readlink("/proc/self/ns/pid").catch(() => "");
  return /^pid:\[(\d+)\]$/.exec(link)?.[1] ?? "all";
}

/**
 * Shows processes of other containers that this one lives, for as long as it does: it listens on a socket, which the
 * kernel closes however the process ends. A path too long for one shows nothing.
 *
 * @returns how to stop
 */
export async function showPresence(folder: string): Promise<() => Promise<void>> {
  const space = await pidSpace();
  const path = socketPath(folder, space, process.pid);
  if (Buffer.byteLength(path) > maxSocketPathBytes) return async () => undefined;
  // A process of this number that was killed may have left one, which is removed by asking.
  if (await isPresent(folder, space, process.pid)) return async () => undefined;
  const server = createServer((socket) => socket.destroy()).unref();
  const isListening = await new Promise<boolean>((resolve) => {
    server.once("error", () => resolve(false)).listen(path, () => resolve(true));
  });
  if (!isListening) return async () => undefined;
  return () => new Promise((resolve) => void server.close(() => resolve()));
}

/** Whether a process of another container lives. What a dead one left is removed. */
export function isPresent(folder: string, space: string, pid: number): Promise<boolean> {
  const path = socketPath(folder, space, pid);
  return new Promise((resolve) => {
    const socket = createConnection(path);
    socket.once("connect", () => {
      socket.destroy();
      resolve(true);
    });
    socket.once("error", (error) => {
      const isDead = ["ENOENT", "ECONNREFUSED", "ENOTSOCK", "EINVAL"].includes(systemCode(error) ?? "");
      if (isDead)
        rm(path, { force: true }).then(
          () => resolve(false),
          () => resolve(false),
        );
      else resolve(true);
    });
  });
}

function socketPath(folder: string, space: string, pid: number): string {
  return join(folder, `at-${space}-${pid}`);
}
