import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

/** A running nginx with a certificate of its own making. */
export type Nginx = { port: number; certificate: Buffer; stop(): Promise<void> };

/** Whether a program is there. nginx is looked for where Debian puts it, which is not on every user's path. */
export function findProgram(name: string, argument: string): string | null {
  for (const path of [name, `/usr/sbin/${name}`]) {
    try {
      execFileSync(path, [argument], { stdio: "ignore" });
      return path;
    } catch {
      // not here
    }
  }
  return null;
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  server.close();
  await once(server, "close");
  if (address === null || typeof address === "string") throw new Error("A TCP server has a port");
  return address.port;
}

/** Replaces what stands exactly once, so that the file and what is run cannot differ unseen. */
function replaceOne(text: string, old: string, replacement: string): string {
  if (text.split(old).length !== 2) throw new Error(`${JSON.stringify(old)} stands not once in docs/nginx.conf`);
  return text.replace(old, replacement);
}

/**
 * Starts nginx with docs/nginx.conf, of which only ports, certificate and the archive's address are changed.
 *
 * @param directory its own, for everything it writes
 */
export async function startNginx(program: string, directory: string, archivePort: number): Promise<Nginx> {
  mkdirSync(directory, { recursive: true });
  const key = join(directory, "key.pem");
  const certificate = join(directory, "certificate.pem");
  const subject = ["-subj", "/CN=archive.example.org", "-addext", "subjectAltName=DNS:archive.example.org"];
  const curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"];
  const openssl = ["req", "-x509", ...curve, "-keyout", key, "-out", certificate, "-days", "2", ...subject];
  execFileSync("openssl", openssl, { stdio: "ignore" });
  const port = await freePort();
  let site = readFileSync(join(import.meta.dirname, "../../docs/nginx.conf"), "utf8");
  site = replaceOne(site, "listen 443 ssl", `listen 127.0.0.1:${port} ssl`);
  site = replaceOne(site, "server 127.0.0.1:3000;", `server 127.0.0.1:${archivePort};`);
  site = replaceOne(site, "/etc/letsencrypt/live/archive.example.org/fullchain.pem", certificate);
  site = replaceOne(site, "/etc/letsencrypt/live/archive.example.org/privkey.pem", key);
  writeFileSync(join(directory, "site.conf"), site);
  const temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"].map((name) => `${name}_temp_path ${name};`);
  const main = [
    ...(process.getuid?.() === 0 ? ["user root;"] : []),
    `pid nginx.pid; daemon off; worker_processes 1; error_log ${join(directory, "error.log")};`,
    `events {} http { access_log off; ${temporary.join(" ")} include site.conf; }`,
  ];
  writeFileSync(join(directory, "nginx.conf"), main.join("\n"));
  const child = spawn(program, ["-p", directory, "-c", "nginx.conf"], { stdio: ["ignore", "ignore", "inherit"] });
  await waitFor(child, port);
  const stop = async () => {
    if (child.exitCode !== null) return;
    const ended = once(child, "exit");
    child.kill("SIGTERM");
    await ended;
  };
  return { port, certificate: readFileSync(certificate), stop };
}

async function waitFor(child: ChildProcess, port: number): Promise<void> {
  const { connect } = await import("node:net");
  for (let tries = 0; tries < 200; tries++) {
    if (child.exitCode !== null) throw new Error(`nginx ended with ${child.exitCode}`);
    const socket = connect(port, "127.0.0.1");
    const isThere = await Promise.race([
      once(socket, "connect").then(() => true),
      once(socket, "error").then(() => false),
    ]).catch(() => false);
    socket.destroy();
    if (isThere) return;
    await sleep(25);
  }
  throw new Error("nginx does not listen");
}
