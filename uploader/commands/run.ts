import { watch } from "node:fs";
import { writeSnapshot } from "../daemon-snapshot.ts";
import { DeliveryFailure, deliver } from "../delivery/deliver.ts";
import type { World } from "../delivery/world.ts";
import { exitCodes } from "../exit-codes.ts";
import { sleep } from "../patience.ts";
import { exitCodeOf, Interrupted, messageOf, Problem } from "../problems.ts";
import type { SettleSettings } from "../ready-file.ts";
import { FolderQueue, type QueueSettings } from "../watch/folder-queue.ts";

/** How the daemon works. */
export type RunSettings = QueueSettings & {
  settle: SettleSettings;
  parallel: number;
  rescanMs: number;
  /** How long a file that failed in passing leaves the others their turn. */
  putBackMs: number;
};

/** How soon after a change notice the folders are looked at: notices come in bursts. */
const hintDelayMs = 200;
/** A file that the archive refused is offered again after so long: settings over there may have changed. */
const refusedAgainMs = 3_600_000;

/**
 * Watches folders and delivers every finished file, until told to end. Change notices are only a hint, because the
 * kernel drops them in silence when too many come: the folders are read again and again anyway.
 */
export async function run(settings: RunSettings, world: World): Promise<number> {
  const unlock = await world.store.lockDaemon();
  if (unlock === null)
    throw new Problem(
      "busy",
      `Another daemon runs on ${world.store.folder}. Stop it, or name another folder with --state-dir.`,
    );
  const watchers: { close(): void }[] = [];
  try {
    await world.store.sweep();
    const queue = await FolderQueue.open(settings, world);
    world.report({ event: "watching", folders: settings.folders, server: world.archive.server });
    const hint = new Hint();
    for (const folder of settings.folders) watchers.push(watchFolder(folder, () => hint.give()));
    const workers = Array.from({ length: settings.parallel }, () => work(queue, settings, world));
    // All of them end by being interrupted, and only then is everything written down.
    await Promise.allSettled([scanAgainAndAgain(queue, hint, settings, world), ...workers]);
    return exitCodes.ok;
  } finally {
    for (const watcher of watchers) watcher.close();
    await unlock();
  }
}

async function scanAgainAndAgain(queue: FolderQueue, hint: Hint, settings: RunSettings, world: World): Promise<void> {
  for (;;) {
    const beganAtMs = performance.now();
    await queue.scan().catch((error: unknown) => {
      if (error instanceof Interrupted) throw error;
      world.report({ event: "notice", file: null, message: `Reading the folders failed: ${messageOf(error)}` });
    });
    // A file that grows gives notice all the time; looking must stay a small part of the time.
    const restMs = Math.max(hintDelayMs, 10 * (performance.now() - beganAtMs));
    await writeSnapshot(world.store.folder, queue.snapshot()).catch(() => undefined);
    // Jitter, so that many devices with one boot time do not touch their disks and the network in step.
    const rescanMs = settings.rescanMs * (0.75 + Math.random() / 2);
    await Promise.race([sleep(Math.min(rescanMs, queue.nextRipeMs()), world.signal), hint.given()]);
    await sleep(restMs, world.signal);
  }
}

async function work(queue: FolderQueue, settings: RunSettings, world: World): Promise<void> {
  for (;;) {
    const watched = await queue.take(world.signal);
    const file = watched.path;
    try {
      const ready = await watched.look();
      if (!("handle" in ready)) {
        queue.putBack(file, settings.settle.settleMs);
        continue;
      }
      const { identity } = ready;
      const delivered = await deliver(ready, world);
      world.report({ event: "done", file, sizeBytes: identity.sizeBytes, ...delivered });
      queue.finish(file, ready.identity, Number.POSITIVE_INFINITY);
    } catch (error) {
      const cause = error instanceof DeliveryFailure ? error.problem : error;
      if (cause instanceof Interrupted) throw cause;
      const record = error instanceof DeliveryFailure ? error.record : null;
      if (cause instanceof Problem && cause.kind === "refused" && record !== null) {
        const isFinal = record.phase === "quarantined";
        queue.finish(file, record.identity, isFinal ? Number.POSITIVE_INFINITY : refusedAgainMs);
        const { recording, sha256 } = record;
        world.report({
          event: "failed",
          file,
          kind: cause.kind,
          problem: cause.message,
          recording,
          sha256,
          exitCode: exitCodeOf(cause),
        });
        continue;
      }
      world.report({ event: "notice", file, message: `${messageOf(cause)} It stays in the queue.` });
      queue.putBack(file, settings.putBackMs * (0.5 + Math.random()));
      if (!(cause instanceof Problem)) await sleep(5000, world.signal);
    }
  }
}

/** Wakes the scan before its time. */
class Hint {
  #wake: () => void = () => undefined;

  given(): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = resolve;
    });
  }

  give(): void {
    this.#wake();
  }
}

function watchFolder(folder: string, onChange: () => void): { close(): void } {
  try {
    const watcher = watch(folder, { persistent: false }, onChange);
    watcher.on("error", () => watcher.close());
    return watcher;
  } catch {
    // Too many watches, a network drive, a folder that comes later: reading the folder finds it all the same.
    return { close: () => undefined };
  }
}
