import { type ChildProcess, execFileSync, fork, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { type AddressInfo, createServer } from "node:net";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

/** A server process under test. */
export type Running = { url: string; pid: number; stop: () => Promise<void> };

/** What a process has used so far: seconds of processor time, and the most memory it ever held, in MiB. */
export function usageOf(pid: number): { cpuSeconds: number; peakMib: number } | null {
  try {
    const fields = (readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1] ?? "").split(" ");
    const peakKib = /VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1];
    return { cpuSeconds: (Number(fields[11]) + Number(fields[12])) / 100, peakMib: Math.round(Number(peakKib) / 1024) };
  } catch {
    return null; // no Linux
  }
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.kill("SIGTERM");
  await once(child, "exit");
}

/** Starts plain @tus/server with FileStore. */
export async function startPeer(directory: string): Promise<Running> {
  mkdirSync(directory, { recursive: true });
  const child = fork(join(import.meta.dirname, "peer-server.ts"), [directory], {
    execArgv: ["--disable-warning=ExperimentalWarning"],
  });
  const [message] = await once(child, "message");
  return { url: `http://127.0.0.1:${message.port}`, pid: child.pid ?? 0, stop: () => end(child) };
}

/** Starts nginx on a directory, when the machine has one; otherwise null. */
export async function startNginx(root: string, workDir: string): Promise<Running | null> {
  try {
    execFileSync("nginx", ["-v"], { stdio: "ignore" });
  } catch {
    return null;
  }
  const port = await freePort();
  const configuration = `daemon off; worker_processes 1; pid ${workDir}/nginx.pid; error_log /dev/null;
    events {} http { access_log off; sendfile on; server { listen 127.0.0.1:${port}; root ${root}; } }`;
  writeFileSync(join(workDir, "nginx.conf"), configuration);
  const child = spawn("nginx", ["-p", workDir, "-c", join(workDir, "nginx.conf")], { stdio: "ignore" });
  await sleep(500);
  return { url: `http://127.0.0.1:${port}`, pid: child.pid ?? 0, stop: () => end(child) };
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo; // a TCP server's address is never a path
  server.close();
  return port;
}
