import { execFileSync } from "node:child_process";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach } from "vitest";
import { PeerArchive } from "./peer-archive.ts";
import { randomBytes } from "./random-bytes.ts";
import { SpawnedUploader } from "./spawned-uploader.ts";

/** What a test of the whole uploader has to itself. */
export type UploaderWorld = {
  folder: string;
  stateFolder: string;
  peer: PeerArchive;
  /** Address of the peer. */
  server: string;
  /** Path of the bundle. */
  bundle: string;
  /** Makes a file of random bytes that depend on the seed alone. @returns its path */
  makeFile(name: string, sizeBytes: number, seed?: number): Promise<string>;
  /** Starts an uploader with the peer's address, token and a state folder; it is killed after the test. */
  start(args: readonly string[], options?: { server?: string; token?: string; node?: string }): SpawnedUploader;
};

/** Gives each test of a describe block its own folder and peer. Call at the top of it. */
export function useUploaderWorld(): () => UploaderWorld {
  let bundleFolder = "";
  let world: UploaderWorld | null = null;
  const started: SpawnedUploader[] = [];
  beforeAll(async () => {
    bundleFolder = await mkdtemp(join(tmpdir(), "uploader-bundle-"));
    execFileSync(process.execPath, [
      join(import.meta.dirname, "../build.mjs"),
      join(bundleFolder, "strongroom-uploader.mjs"),
    ]);
  });
  afterAll(() => rm(bundleFolder, { recursive: true, force: true }));
  beforeEach(async () => {
    const folder = await mkdtemp(join(tmpdir(), "uploader-"));
    const stateFolder = join(folder, "state");
    await mkdir(join(folder, "peer"));
    const peer = new PeerArchive(join(folder, "peer"));
    const server = `http://127.0.0.1:${await peer.start()}`;
    const bundle = join(bundleFolder, "strongroom-uploader.mjs");
    world = {
      folder,
      stateFolder,
      peer,
      server,
      bundle,
      makeFile: async (name, sizeBytes, seed = 1) => {
        await writeFile(join(folder, name), randomBytes(sizeBytes, seed));
        return join(folder, name);
      },
      start: (args, options = {}) => {
        const environment = {
          STRONGROOM_SERVER: options.server ?? server,
          STRONGROOM_TOKEN: options.token ?? peer.token,
          STRONGROOM_STATE_DIR: stateFolder,
        };
        const uploader = new SpawnedUploader(bundle, args, environment, options.node);
        started.push(uploader);
        return uploader;
      },
    };
  });
  afterEach(async () => {
    for (const uploader of started.splice(0)) await uploader.kill();
    await world?.peer.stop();
    if (world !== null) await rm(world.folder, { recursive: true, force: true });
    world = null;
  });
  return () => {
    if (world === null) throw new Error("A world exists only within a test.");
    return world;
  };
}
