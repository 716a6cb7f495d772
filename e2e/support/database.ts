import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import pg from "pg";

/** Connects to the embedded database of a running archive, as its operator can who has the folder. */
export async function openDatabase(dataDir: string): Promise<pg.Client> {
  const read = (path: string) => readFileSync(path, "utf8").trim();
  // PostgreSQL may live elsewhere, where this folder is closed to its user; a file says where.
  const pointer = join(dataDir, "postgres-home");
  const home = existsSync(pointer) ? read(pointer) : join(dataDir, "postgres");
  const [, , , port] = read(join(home, "cluster/postmaster.pid")).split("\n");
  const client = new pg.Client({
    host: "127.0.0.1",
    port: Number(port),
    user: "strongroom",
    database: "strongroom",
    password: read(join(dataDir, "secrets/database-password")),
  });
  await client.connect();
  return client;
}
