import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { closeSync, mkdirSync, openSync, writeSync } from "node:fs";
import { createServer } from "node:http";
import { type AddressInfo, createServer as createTcpServer } from "node:net";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { Field } from "../../../uploader/testing/field.ts";
import type { Result } from "../bench.ts";
import { cell } from "../statistics.ts";
import { asService, type Taken, type UploaderBench, watchProcess } from "./uploader-bench.ts";

const mib = 1024 * 1024;

/** One large file over loopback: memory and processor time, beside programs that do less. */
export async function send(bench: UploaderBench): Promise<Result> {
  const fileMib = bench.isShort ? 100 : 1024;
  const field = await Field.open({ ...bench, identity: "enrolled", via: bench.server });
  try {
    const path = join(field.card, "large.bin");
    writeRandom(path, fileMib);
    const runs: { who: string; taken: Taken | null }[] = [
      { who: "uploader, digests and receipt", taken: await ours(field, path) },
      { who: "curl and sha256sum", taken: await curl(path) },
      { who: "rclone to WebDAV, defaults", taken: await rclone(bench.dir, path, []) },
      {
        who: "rclone to WebDAV, one transfer, no buffer",
        taken: await rclone(bench.dir, path, ["--transfers=1", "--buffer-size=0", "--use-mmap"]),
      },
    ];
    const rows = runs.map(({ who, taken }) => ({
      who,
      "peak RSS MiB": taken === null ? "not here" : cell(taken.peakMib),
      "anonymous MiB": taken === null ? "" : cell(taken.anonymousMib),
      "CPU s/GiB": taken === null ? "" : cell((taken.cpuSeconds / fileMib) * 1024, 2),
      "MiB/s": taken === null ? "" : cell(fileMib / taken.seconds),
    }));
    return { name: "send", title: `One file of ${fileMib} MiB over loopback`, rows, raw: { fileMib, runs } };
  } finally {
    await field.close();
  }
}

function writeRandom(path: string, fileMib: number): void {
  const file = openSync(path, "w");
  for (let index = 0; index < fileMib; index++) writeSync(file, randomBytes(mib));
  closeSync(file);
}

async function ours(field: Field, path: string): Promise<Taken> {
  const uploader = field.start(["push", path, "--settle", "0"], asService);
  const watched = watchProcess(uploader.child);
  const { code, stderr } = await uploader.ended;
  if (code !== 0) throw new Error(`The uploader ended with ${code}: ${stderr}`);
  return watched.taken();
}

function isHere(name: string): boolean {
  try {
    execFileSync("which", [name], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
}

async function watchedToItsEnd(child: ChildProcess): Promise<Taken> {
  const watched = watchProcess(child);
  const [code] = await once(child, "exit");
  if (code !== 0) throw new Error(`${child.spawnargs.join(" ")} ended with ${code}`);
  return watched.taken();
}

/** One PUT to a plain Node server that throws the bytes away, and the digest. */
async function curl(path: string): Promise<Taken | null> {
  if (!isHere("curl") || !isHere("sha256sum")) return null;
  const server = createServer((request, response) => request.resume().on("end", () => response.writeHead(201).end()));
  await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
  const { port } = server.address() as AddressInfo; // a TCP server's address is never a path
  try {
    const digest = await watchedToItsEnd(spawn("sha256sum", [path], { stdio: "ignore" }));
    const put = await watchedToItsEnd(spawn("curl", ["-sfT", path, `http://127.0.0.1:${port}/`], { stdio: "ignore" }));
    return {
      peakMib: Math.max(digest.peakMib, put.peakMib),
      anonymousMib: Math.max(digest.anonymousMib, put.anonymousMib),
      cpuSeconds: digest.cpuSeconds + put.cpuSeconds,
      seconds: digest.seconds + put.seconds,
      writtenBytes: put.writtenBytes,
    };
  } finally {
    server.close();
  }
}

async function rclone(dir: string, path: string, flags: readonly string[]): Promise<Taken | null> {
  if (!isHere("rclone")) return null;
  const target = join(dir, `webdav-${flags.length}`);
  mkdirSync(target, { recursive: true });
  const port = await freePort();
  const server = spawn("rclone", ["serve", "webdav", target, "--addr", `127.0.0.1:${port}`], { stdio: "ignore" });
  try {
    await sleep(1500);
    const remote = `:webdav,url='http://127.0.0.1:${port}':`;
    return await watchedToItsEnd(spawn("rclone", ["copy", path, remote, ...flags], { stdio: "ignore" }));
  } finally {
    server.kill();
  }
}

async function freePort(): Promise<number> {
  const server = createTcpServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo; // as above
  server.close();
  return port;
}
