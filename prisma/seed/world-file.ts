import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { PersonKey } from "./company.ts";
import type { DemoWorld } from "./seed.ts";

/** What `demo.json` keeps, for people and programs that want to sign in. */
export type WorldFile = {
  url: string;
  people: Record<PersonKey, { name: string; role: string; organisation: string; email: string; password: string }>;
  devices: { id: string; name: string; alias: string; token: string }[];
};

const pathIn = (dataDir: string) => join(dataDir, "demo.json");

/** The demonstration that was made in this data folder before; null: none. */
export function readWorld(dataDir: string): WorldFile | null {
  return existsSync(pathIn(dataDir)) ? JSON.parse(readFileSync(pathIn(dataDir), "utf8")) : null;
}

/** Keeps the logins, for this user's eyes only. */
export function writeWorld(dataDir: string, url: string, world: DemoWorld): WorldFile {
  const people = Object.fromEntries(
    Object.entries(world.people).map(([key, { actor: _, ...person }]) => [key, person]),
  ) as WorldFile["people"]; // the same keys as `world.people`
  const file = { url, people, devices: world.devices };
  writeFileSync(pathIn(dataDir), `${JSON.stringify(file, null, 2)}\n`, { mode: 0o600 });
  return file;
}
