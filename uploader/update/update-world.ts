import { readFile, rm } from "node:fs/promises";
import { basename, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { UpdateWorld } from "../commands/update.ts";
import { readSnapshot } from "../daemon-snapshot.ts";
import { fileProblem } from "../file-identity.ts";
import { readFleetRecord } from "../fleet/fleet-record.ts";
import { messageOf, Problem } from "../problems.ts";
import { type Installation, inRoot, runTool, unitName } from "../service/installation.ts";
import { StateView } from "../state/state-store.ts";
import { isNamed, readLink } from "../traffic/read-link.ts";
import { maxBundleBytes } from "./bundle.ts";
import { Versions } from "./versions.ts";

const downloadTimeoutMs = 600_000;

/** Where an update comes from, and what the links it may take cost. */
export type UpdateSource = { bundle: string; isForced: boolean; meteredInterfaces: readonly string[] };

/** This machine, as an update sees it. */
export function updateWorldOf(
  installation: Installation,
  source: UpdateSource,
  write: (text: string) => void,
): UpdateWorld {
  const state = inRoot(installation, installation.stateFolder);
  const contactPath = join(state, "contact-version");
  const isRunning = async () => {
    const view = await StateView.open(state);
    return (await view.daemonPid().finally(() => view.close())) !== null;
  };
  return {
    versions: new Versions(inRoot(installation, installation.folder)),
    readBundle: () => readBundle(source),
    runtime: process.versions.node,
    versionOf: async (program) => (await runTool(process.execPath, [program, "--version"])).trim(),
    uncommitted: async () => {
      const snapshot = (await isRunning()) ? await readSnapshot(state) : null;
      return snapshot?.sending.map(({ file }) => basename(file)) ?? [];
    },
    isInContact: async () => {
      const fleet = await readFleetRecord(state);
      return fleet !== null && fleet.lastContactAt !== null && fleet.failures === 0;
    },
    restart: async () => {
      // Without waiting: a version that does not start would be an error here, and must be taken back instead.
      await runTool("systemctl", ["restart", "--no-block", unitName]);
    },
    contactVersion: async () => (await readFile(contactPath, "utf8").catch(() => null))?.trim() ?? null,
    forgetContact: () => rm(contactPath, { force: true }),
    runningVersion: async () =>
      (await isRunning()) ? ((await readFleetRecord(state))?.uploaderVersion ?? null) : null,
    sleep: (ms) => sleep(ms),
    nowMs: () => performance.now(),
    write,
  };
}

async function readBundle({ bundle, isForced, meteredInterfaces }: UpdateSource): Promise<Buffer> {
  if (!/^https?:\/\//.test(bundle))
    return readFile(bundle).catch((error: unknown) => {
      throw fileProblem(bundle, error);
    });
  const link = await readLink();
  if (!isForced && (link.isMetered === true || isNamed(link.interface, meteredInterfaces)))
    throw new Problem("busy", `${link.interface ?? "The link"} is metered. Try again on another link, or --force.`);
  try {
    const answer = await fetch(bundle, { redirect: "error", signal: AbortSignal.timeout(downloadTimeoutMs) });
    if (!answer.ok || answer.body === null) throw new Error(`it answers ${answer.status}`);
    const parts: Buffer[] = [];
    let sizeBytes = 0;
    for await (const part of answer.body) {
      sizeBytes += part.length;
      if (sizeBytes > maxBundleBytes) throw new Error("it is too long to be an update");
      parts.push(Buffer.from(part));
    }
    return Buffer.concat(parts);
  } catch (error) {
    throw new Problem("again", `The update cannot be fetched from ${bundle}: ${messageOf(error)}.`);
  }
}
