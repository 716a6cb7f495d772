// `npm run demo`: a small company with some weeks behind it, the story of one recording played live, and the web
// app left running. `--verify` plays the same without a person and ends with 0 or 1.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { EnvError, readEnv } from "../../lib/env.ts";
import { openServices } from "../../lib/open-services.ts";
import { PostgresError } from "../../lib/postgres/index.ts";
import { contextFor } from "../../lib/services.ts";
import { seed } from "../../prisma/seed/seed.ts";
import { readWorld, type WorldFile, writeWorld } from "../../prisma/seed/world-file.ts";
import { ArchiveProcess } from "./archive-process.ts";
import { say, sayTable } from "./say.ts";
import { playStory } from "./story.ts";

const root = join(import.meta.dirname, "../..");

/** Something stands in the way that a person can change. */
class Obstacle extends Error {}

async function openWorld(env: ReturnType<typeof readEnv>, url: string): Promise<WorldFile> {
  const known = readWorld(env.dataDir);
  if (known !== null) {
    say("The company of the last demonstration is still there");
    return known;
  }
  // What a server tells its log is noise between the lines of a story.
  const services = await openServices({ ...env, logLevel: env.logLevel === "info" ? "warn" : env.logLevel });
  try {
    if ((await services.db.account.count()) > 0)
      throw new Obstacle(
        `${env.dataDir} holds an archive that is no demonstration. Name another folder: DATA_DIR=./demo-data npm run demo`,
      );
    say("Inventing a company");
    const ctx = contextFor(
      services,
      { kind: "system", name: "Demonstration" },
      { address: null, userAgent: null },
      "demo",
    );
    return writeWorld(env.dataDir, url, await seed(ctx, say));
  } finally {
    await services.close();
  }
}

function sayLogins(world: WorldFile, dataDir: string): void {
  const heads = ["Role", "Name", "E-mail", "Password"];
  const rows = Object.values(world.people).map((person) => [person.role, person.name, person.email, person.password]);
  console.log();
  sayTable(heads, rows);
  console.log(`\n  The same table is in ${join(dataDir, "demo.json")}.`);
}

async function main(): Promise<number> {
  const isVerify = process.argv.includes("--verify");
  const env = readEnv();
  const url = `http://localhost:${env.port}`;
  const world = await openWorld(env, url);
  const archive = new ArchiveProcess(root);
  // Ctrl-C reaches the server by itself, and it ends well; a signal to this process alone is passed on.
  let isEnding = false;
  process.on("SIGINT", () => {
    isEnding = true;
  });
  process.on("SIGTERM", () => {
    isEnding = true;
    void archive.stop();
  });
  const workDir = mkdtempSync(join(tmpdir(), "strongroom-demo-"));
  try {
    await archive.ready(url);
    say(`The archive is up: ${url}`);
    await playStory({ url, world, root, workDir });
    if (isVerify) {
      say("Verified: every hand-over kept the digest that the device computed.");
      await archive.stop();
      return 0;
    }
    sayLogins(world, env.dataDir);
    console.log(`\n  Strongroom is running: ${url}   (Ctrl-C ends it; the data stays in ${env.dataDir})\n`);
    return (await archive.exit) ?? 0;
  } catch (error) {
    if (isEnding) return 130;
    await archive.stop();
    throw error;
  } finally {
    rmSync(workDir, { recursive: true, force: true });
  }
}

// Ends outright: Node 22 can spin for ever while it tidies up sockets that were reset.
main().then(
  (code) => process.exit(code),
  (error: unknown) => {
    const isPlain = [EnvError, PostgresError, Obstacle].some((type) => error instanceof type);
    console.error(isPlain && error instanceof Error ? error.message : error);
    process.exit(1);
  },
);
