#!/usr/bin/env node
// The command line of the uploader: reads settings, builds the world, runs one command, and ends with its code.
import { setMaxListeners } from "node:events";
import { setFlagsFromString } from "node:v8";
import packageJson from "../package.json" with { type: "json" };
import { askHead } from "./chain/ask-head.ts";
import { Chain } from "./chain/chain.ts";
import { enqueue } from "./commands/enqueue.ts";
import { push } from "./commands/push.ts";
import { run } from "./commands/run.ts";
import { verifyReceiptCommand } from "./commands/verify-receipt.ts";
import { type ArchiveSettings, readSettings, wantsColour } from "./config.ts";
import { Figures } from "./delivery/figures.ts";
import { clockFacts } from "./delivery/manifest-facts.ts";
import { persist } from "./delivery/persist.ts";
import type { World } from "./delivery/world.ts";
import { exitCodeHelp, exitCodes } from "./exit-codes.ts";
import { runFieldCommand } from "./field.ts";
import { ClockFloor } from "./http/clock-floor.ts";
import { isFreshStart, startDelayMs } from "./http/start-delay.ts";
import { Transport } from "./http/transport.ts";
import { ArchiveClock, believedWallMs } from "./identity/archive-clock.ts";
import { mendIdentity } from "./identity/identity.ts";
import { openArchive } from "./identity/open-archive.ts";
import { watchClock } from "./identity/watch-clock.ts";
import { LogRing } from "./log/log-ring.ts";
import { loggedReport } from "./log/logged-report.ts";
import { helpText, isCommandName, isFieldCommandName } from "./options.ts";
import { exitCodeOf, Interrupted, Problem } from "./problems.ts";
import type { Report } from "./report/events.ts";
import { jsonReport, type Output, plainReport } from "./report/reporters.ts";
import { StateStore } from "./state/state-store.ts";
import { waitForTurn } from "./state/wait-for-turn.ts";
import { Traffic } from "./traffic/traffic.ts";

const output: Output = {
  write: (text) => process.stdout.write(text),
  isTerminal: process.stdout.isTTY === true,
  hasColour: process.stdout.isTTY === true && wantsColour(),
  // Some pseudo-terminals say 0.
  columns: () => process.stdout.columns || 80,
  rows: () => process.stdout.rows || 24,
};

async function main(args: readonly string[]): Promise<number> {
  const [name, ...rest] = args;
  if (name === "--version") {
    output.write(`${packageJson.version}\n`);
    return exitCodes.ok;
  }
  if (name === undefined || name === "--help" || name === "help") {
    output.write(helpText(null, exitCodeHelp));
    return name === undefined ? exitCodes.usage : exitCodes.ok;
  }
  const isField = isFieldCommandName(name);
  if (!isField && !isCommandName(name))
    throw new Problem("usage", `There is no command ${name}. --help shows those that there are.`);
  if (rest.includes("--help")) {
    output.write(helpText(name, exitCodeHelp));
    return exitCodes.ok;
  }
  if (isField) return runFieldCommand(name, rest, output);
  const settings = readSettings(name, rest);
  if (settings.command === "verify-receipt") return verifyReceiptCommand(settings.verify, output.write);
  if (settings.command === "enqueue") return enqueue(settings.stateFolder, settings.enqueue, output.write);
  const { archive } = settings;
  const shown = (archive.isJson ? jsonReport : plainReport)(output);
  if (settings.command === "push")
    return withWorld(archive, shown, settings.files, (world) => push(settings.files, archive.settle, world));
  saveMemory();
  const report = loggedReport(shown, new LogRing(archive.stateFolder, archive.logBytes));
  return withWorld(archive, report, [], (world) => run(settings.run, settings.field, world));
}

/** A daemon has time and little memory: without this, V8 lets garbage grow to several times of what is in use. */
function saveMemory(): void {
  for (const flag of ["--semi-space-growth-factor=1", "--heap-growing-percent=15", "--optimize-for-size"])
    setFlagsFromString(flag);
}

/** @param files that are pushed; none: a daemon is started */
async function withWorld(
  settings: ArchiveSettings,
  report: Report,
  files: readonly string[],
  act: (world: World) => Promise<number>,
): Promise<number> {
  const stop = new AbortController();
  // Each part of a daemon listens to it for good, and each recorder too; Node takes more than ten for a leak.
  setMaxListeners(0, stop.signal);
  let stoppedBy: NodeJS.Signals | null = null;
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const)
    process.on(signal, () => {
      // A second one means now: everything that matters is on the disk already.
      if (stoppedBy !== null) process.exit(exitCodeOfSignal(signal));
      stoppedBy = signal;
      stop.abort(new Interrupted());
    });
  const clock = new ArchiveClock();
  const clockFloor = await ClockFloor.open(settings.stateFolder);
  const traffic = await Traffic.open(settings.stateFolder, {
    capBytesPerSecond: settings.limitBytesPerSecond,
    wallMs: () => believedWallMs(clock, clockFloor),
  });
  await traffic.start();
  const isDaemon = files.length === 0;
  const startsAfterMs = isDaemon ? startDelayMs(await isFreshStart(settings.stateFolder, packageJson.version)) : 0;
  const transport = new Transport({ ...settings.transport, startDelayMs: startsAfterMs, clockFloor }, traffic);
  const stopClock = watchClock(clock, clockFloor);
  const mended = await mendIdentity(settings.stateFolder).catch(() => null);
  if (mended !== null) report({ event: "notice", file: null, message: mended });
  const { archive, identity, tokens } = await openArchive(settings, transport, clock);
  const waits = waitForTurn(settings.stateFolder, archive.server, files, report, stop.signal);
  const store = await StateStore.open(settings.stateFolder, isDaemon ? {} : { waits });
  const ask = () => askHead(archive, packageJson.version, stop.signal);
  const chain =
    identity === null
      ? null
      : await Chain.open({
          store,
          identity,
          clock: () => clockFacts(clock),
          // The daemon hears it with its heartbeats.
          askHead: isDaemon ? null : () => persist(world, files[0] ?? "", ask, async () => undefined),
        });
  const world: World = {
    archive,
    identity,
    tokens,
    traffic,
    clock,
    store,
    chain,
    figures: new Figures(),
    settings: settings.delivery,
    report,
    letsGo: () => false,
    signal: stop.signal,
  };
  if (store.damage !== null) report({ event: "notice", file: null, message: store.damage });
  warnOfPlainHttp(archive.server, world);
  try {
    const code = await act(world);
    return code === exitCodes.interrupted && stoppedBy !== null ? exitCodeOfSignal(stoppedBy) : code;
  } finally {
    stopClock();
    traffic.stop();
    tokens?.close();
    transport.close();
    await store.close();
  }
}

function exitCodeOfSignal(signal: NodeJS.Signals): number {
  return signal === "SIGINT" ? exitCodes.interrupted : exitCodes.terminated;
}

function warnOfPlainHttp(server: string, world: World): void {
  const { protocol, hostname } = new URL(server);
  const isLoopback = hostname === "localhost" || hostname === "[::1]" || /^127\./.test(hostname);
  if (protocol !== "http:" || isLoopback) return;
  const message = `${server} is not encrypted: whoever listens on the way sees the token and the recording. Use https.`;
  world.report({ event: "notice", file: null, message });
}

// A reader that went away, as in `… | head`, is no reason to stop sending.
process.stdout.on("error", () => undefined);

main(process.argv.slice(2)).then(
  (code) => {
    process.exitCode = code;
  },
  (error: unknown) => {
    const isProblem = error instanceof Problem;
    process.stderr.write(
      `strongroom-uploader: ${isProblem ? error.message : error instanceof Error ? error.stack : error}\n`,
    );
    process.exitCode = isProblem ? exitCodeOf(error) : exitCodes.internal;
  },
);
