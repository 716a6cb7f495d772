import { type ChildProcess, execFileSync, fork, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, writeFileSync } from "node:fs";
import { get } from "node:http";
import { type AddressInfo, createServer } from "node:net";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

/** A server process under test. */
export type Running = { url: string; pid: number; stop: () => Promise<void> };

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.kill("SIGTERM");
  await once(child, "exit");
}

/** The first of these programs that runs here; null: none does. */
function find(names: readonly string[], versionArg: string): string | null {
  for (const name of names) {
    try {
      execFileSync(name, [versionArg], { stdio: "ignore" });
      return name;
    } catch {
      // the next one
    }
  }
  return null;
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

/** Starts nginx with one worker: it serves `dir`/storage by sendfile and takes PUTs into `dir`/put. Null: not here. */
export async function startNginx(dir: string): Promise<Running | null> {
  const nginx = find(["nginx", "/usr/sbin/nginx"], "-v");
  if (nginx === null) return null;
  const port = await freePort();
  mkdirSync(join(dir, "put"), { recursive: true });
  const configuration = `daemon off; worker_processes 1; pid ${dir}/nginx.pid; error_log ${dir}/nginx.log;
    ${process.getuid?.() === 0 ? "user root;" : ""}
    events {} http { access_log off; sendfile on; client_max_body_size 0; client_body_temp_path ${dir}/nginx-body;
    server { listen 127.0.0.1:${port}; location /storage/ { root ${dir}; }
      location /put/ { root ${dir}; dav_methods PUT; } } }`;
  const file = join(dir, "nginx.conf");
  writeFileSync(file, configuration);
  const child = spawn(nginx, ["-p", dir, "-e", join(dir, "nginx.log"), "-c", file], { stdio: "ignore" });
  return answering({ url: `http://127.0.0.1:${port}`, pid: child.pid ?? 0, stop: () => end(child) });
}

/** Starts tusd with its file store. Null: it is not here. */
export async function startTusd(directory: string): Promise<Running | null> {
  const tusd = find(["tusd"], "-version");
  if (tusd === null) return null;
  const port = await freePort();
  mkdirSync(directory, { recursive: true });
  const args = ["-host", "127.0.0.1", "-port", String(port), "-upload-dir", directory, "-base-path", "/api/uploads/"];
  const child = spawn(tusd, args, { stdio: "ignore" });
  return answering({ url: `http://127.0.0.1:${port}`, pid: child.pid ?? 0, stop: () => end(child) });
}

/** Waits until something answers. */
async function answering(running: Running): Promise<Running | null> {
  for (let tries = 0; tries < 50; tries++) {
    const isThere = await new Promise<boolean>((resolve) => {
      get(running.url, (response) => {
        response.resume();
        resolve(true);
      }).once("error", () => resolve(false));
    });
    if (isThere) return running;
    await sleep(100);
  }
  await running.stop();
  return null;
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo; // a TCP server's address is never a path
  server.close();
  return port;
}
