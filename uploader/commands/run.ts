import { watch } from "node:fs";
import { type ControlRequest, serveControl } from "../control/control-socket.ts";
import type { World } from "../delivery/world.ts";
import { exitCodes } from "../exit-codes.ts";
import { FieldParts, type FieldSettings } from "../field-parts.ts";
import { rescanPauseMs } from "../finding/rescan-pause.ts";
import { rotateKey } from "../identity/rotate-key.ts";
import { sleep } from "../patience.ts";
import { Interrupted, messageOf, Problem } from "../problems.ts";
import { Daemon } from "../queue/daemon.ts";
import type { QueueSettings } from "../queue/intake.ts";
import { Recorders } from "../recorder/recorders.ts";
import type { RecorderSettings } from "../recorder/settings.ts";
import { removeLeftovers } from "../state/durable-file.ts";

/** How the daemon works. */
export type RunSettings = QueueSettings & { rescanMs: number; recorders: readonly RecorderSettings[] };

/** A person who asks for another key waits for at most so long. */
const keyAnswerMs = 8000;
/** How soon after a change notice the folders are looked at: notices come in bursts. */
const hintDelayMs = 200;

/**
 * Watches folders and delivers every finished file, until told to end. Change notices are only a hint, because the
 * kernel drops them in silence when too many come: the folders are read again and again anyway.
 */
export async function run(settings: RunSettings, field: FieldSettings, world: World): Promise<number> {
  const unlock = await world.store.lockDaemon();
  if (unlock === null)
    throw new Problem(
      "busy",
      `Another daemon runs on ${world.store.folder}. Stop it, or name another folder with --state-dir.`,
    );
  // A folder that cannot be read, or a card that takes nothing, is told by whoever needs it.
  await removeLeftovers(world.store.folder, Date.now()).catch(() => undefined);
  const watchers: { close(): void }[] = [];
  let stopControl: (() => Promise<void>) | null = null;
  try {
    const parts = await FieldParts.open(field, world);
    const daemon = await Daemon.open(settings, parts.effective, world);
    world.report({ event: "watching", folders: settings.folders, server: world.archive.server });
    const { ended } = await parts.start({
      snapshot: () => daemon.snapshot(),
      apply: (deviceSettings) => daemon.apply(deviceSettings),
      want: (files) => daemon.want(files),
      chainSeen: (head) => daemon.chainSeen(head),
      rotateKey: () => changeKey(world),
    });
    const hint = new Hint();
    for (const folder of settings.folders) watchers.push(watchFolder(folder, () => hint.give()));
    stopControl = await listen(daemon, hint, world);
    const recorders = new Recorders(settings.recorders, world.store.folder, (event) => {
      world.report(event);
      if (event.event === "recorded") hint.give();
    });
    daemon.showRecorders(recorders);
    // All of them end by being interrupted, and only then is everything written down.
    await Promise.allSettled([
      scanAgainAndAgain(daemon, hint, settings, parts, world),
      ended,
      daemon.work(),
      recorders.run(world.signal),
    ]);
    return exitCodes.ok;
  } finally {
    for (const watcher of watchers) watcher.close();
    await stopControl?.();
    await unlock();
  }
}

/** The archive, or a person, wants the device to have another key. */
async function changeKey({ identity, tokens, chain, store, signal, report }: World): Promise<void> {
  if (identity === null || tokens === null || chain === null)
    throw new Problem("usage", "This device is not enrolled, so it has no key to change.");
  const hold = (act: (nextSequence: number) => Promise<void>) => chain.hold(act);
  const kid = await rotateKey({ identity, tokens, stateFolder: store.folder, hold }, signal);
  report({ event: "notice", file: null, message: `The device's key is ${kid} from now on.` });
}

/** As much of a change of keys as whoever asks waits for; the rest goes on by itself. */
async function changeKeySoon(world: World): Promise<Record<string, unknown>> {
  const before = world.identity?.kid;
  const changed = changeKey(world).then(() => true);
  const isOver = await Promise.race([changed, sleep(keyAnswerMs, world.signal).then(() => false)]).catch((error) => {
    // What was begun is durable, and the next purchase of a token goes on with it.
    if (world.identity?.kid === before || world.identity?.previous === null) throw error;
    return false;
  });
  changed.catch(() => undefined);
  return { kid: world.identity?.kid, isOver };
}

/** Takes what recorders' hooks say. Without a socket their words come by the notes in the state folder. */
async function listen(daemon: Daemon, hint: Hint, world: World): Promise<(() => Promise<void>) | null> {
  const enqueue = async (said: ControlRequest) => {
    await daemon.enqueue(said);
    hint.give();
    return {};
  };
  try {
    return await serveControl(world.store.folder, {
      enqueue,
      status: async () => ({ snapshot: daemon.snapshot() }),
      "rotate-key": () => changeKeySoon(world),
    });
  } catch (error) {
    const message = `The control socket cannot be opened: ${messageOf(error)}. Enqueued files are found with the next look.`;
    world.report({ event: "notice", file: null, message });
    return null;
  }
}

async function scanAgainAndAgain(
  daemon: Daemon,
  hint: Hint,
  settings: RunSettings,
  parts: FieldParts,
  world: World,
): Promise<void> {
  for (;;) {
    const beganAtMs = performance.now();
    await daemon.scan().catch((error: unknown) => {
      if (error instanceof Interrupted) throw error;
      world.report({ event: "notice", file: null, message: `Reading the folders failed: ${messageOf(error)}` });
    });
    parts.lookedAtFolders();
    const tookMs = performance.now() - beganAtMs;
    const dueMs = Math.min(rescanPauseMs(settings.rescanMs), Math.max(daemon.nextRipeMs, tookMs));
    // A file that grows gives notice all the time; following it must stay a small part of the time.
    const restMs = Math.min(dueMs, Math.max(hintDelayMs, 10 * tookMs));
    await sleep(restMs, world.signal);
    await hint.wait(dueMs - restMs, world.signal);
  }
}

/** Wakes the scan before its time; a hint that comes during a scan counts for the next one. */
class Hint {
  #isGiven = false;
  #wake: () => void = () => undefined;

  give(): void {
    this.#isGiven = true;
    this.#wake();
  }

  /** Waits for so long, or until a hint is given. @throws Interrupted */
  async wait(ms: number, signal: AbortSignal): Promise<void> {
    const enough = new AbortController();
    const onAbort = () => enough.abort();
    this.#wake = onAbort;
    signal.addEventListener("abort", onAbort, { once: true });
    if (!this.#isGiven) await sleep(ms, enough.signal).catch(() => undefined);
    signal.removeEventListener("abort", onAbort);
    this.#isGiven = false;
    if (signal.aborted) throw new Interrupted();
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
