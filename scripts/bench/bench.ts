import { existsSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { addDevice } from "../../lib/devices/index.ts";
import { readEnv } from "../../lib/env.ts";
import { openServices } from "../../lib/open-services.ts";
import { contextFor, type Services } from "../../lib/services.ts";
import { startApiServer } from "../../server/testing/start-api-server.ts";
import type { Target } from "./client.ts";
import { parentOf } from "./machine.ts";
import { type Running, startNginx, startPeer, startTusd } from "./processes.ts";

/** One device does here what a fleet does. */
const noLimits = { DEVICE_REQUESTS_PER_SECOND: "0", DEVICE_TRANSFERS: "4096", DEVICE_OPEN_UPLOADS: "100000" };

/** How long each part takes: `short` in a minute or two, `standard` in eight, `long` with everything. */
export type Form = "short" | "standard" | "long";

/** A line of a table. */
export type Row = Record<string, string | number>;
/** One part's result, and every figure that it was made from. */
export type Result = { name: string; title: string; rows: Row[]; raw: unknown };

/** All servers of one run, and the archive's own services. */
export type Bench = {
  form: Form;
  dataDir: string;
  services: Services;
  ours: Target;
  /** All that take uploads, ours first. */
  targets: Target[];
  /** nginx, for downloads; null: not here. */
  nginx: Running | null;
  /** PostgreSQL's first process; 0: not to be known. */
  databasePid: number;
  /** Waits until everything is read back, which would otherwise run beside the next measurement. */
  settled(): Promise<void>;
  /** Removes what the peers have stored, so that a run needs no more room than it must. */
  emptyPeers(): void;
  /** Another server of ours on the same archive, for a part that needs a fresh one. */
  startFresh(): Promise<Target & { stop: () => Promise<void> }>;
  close(): Promise<void>;
};

async function pidOfDatabase({ db }: Services): Promise<number> {
  const [row] = await db.$queryRaw<{ pid: number }[]>`SELECT pg_backend_pid() AS pid`;
  return row === undefined ? 0 : (parentOf(row.pid) ?? 0);
}

/** Starts the archive and every peer that this machine has. */
export async function openBench(form: Form): Promise<Bench> {
  const dataDir = mkdtempSync(join(tmpdir(), "strongroom-bench-"));
  const closers: (() => Promise<void>)[] = [async () => rmSync(dataDir, { recursive: true, force: true })];
  const close = async () => {
    for (const closeOne of closers.splice(0).reverse()) await closeOne();
  };
  try {
    const env = readEnv({ NODE_ENV: "production", DATA_DIR: dataDir, LOG_LEVEL: "warn", PORT: "0" });
    const services = await openServices(env);
    closers.push(() => services.close());
    const system = contextFor(services, { kind: "system", name: "bench" }, { address: null, userAgent: null }, "bench");
    const { token } = await addDevice(system, { name: "bench", alias: null, siteId: null });
    const startFresh = async () => {
      const server = await startApiServer({ databaseUrl: services.databaseUrl, dataDir, settings: noLimits });
      const pid = server.process.pid ?? 0;
      return { name: "strongroom", url: server.url, token, pid, speaks: "tus", stop: server.stop } as const;
    };
    const ours = await startFresh();
    closers.push(ours.stop);
    const targets: Target[] = [ours];
    const addPeer = (name: string, speaks: Target["speaks"], running: Running | null) => {
      if (running === null) return console.log(`${name} is not on this machine: measured without it.`);
      closers.push(running.stop);
      targets.push({ name, speaks, token: "none", url: running.url, pid: running.pid });
    };
    addPeer("@tus/server", "tus", await startPeer(join(dataDir, "peer")));
    const nginx = await startNginx(dataDir);
    addPeer("nginx PUT", "put", nginx);
    addPeer("tusd", "tus", await startTusd(join(dataDir, "tusd")));
    return {
      form,
      dataDir,
      services,
      ours,
      targets,
      nginx,
      databasePid: await pidOfDatabase(services),
      settled: async () => {
        while ((await services.db.recording.count({ where: { state: "received" } })) > 0) await sleep(100);
      },
      emptyPeers: () => {
        for (const folder of ["peer", "put", "tusd"].map((name) => join(dataDir, name)).filter(existsSync))
          for (const name of readdirSync(folder)) rmSync(join(folder, name), { recursive: true });
      },
      startFresh,
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}
