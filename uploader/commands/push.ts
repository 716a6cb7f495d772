import { resolve } from "node:path";
import { DeliveryFailure, deliver } from "../delivery/deliver.ts";
import type { World } from "../delivery/world.ts";
import { combinedExitCode, exitCodes } from "../exit-codes.ts";
import { findBeside } from "../finding/find-beside.ts";
import { exitCodeOf, Interrupted, messageOf, Problem } from "../problems.ts";
import { sendOnce } from "../queue/statement-lane.ts";
import { type SettleSettings, waitUntilReady } from "../ready-file.ts";

/** Pushes files one after the other and says how that ended, as an exit code. */
export async function push(files: readonly string[], settle: SettleSettings, world: World): Promise<number> {
  const codes: number[] = [];
  for (const file of files) {
    codes.push(await pushFile(resolve(file), settle, world));
    if (world.signal.aborted) break;
  }
  await sayWhatWillNotCome(world);
  return combinedExitCode(codes);
}

/** Brings statements that were made on the way. They are durable, and go with the next run when they cannot go now. */
async function sayWhatWillNotCome(world: World): Promise<void> {
  if (world.chain === null || world.signal.aborted) return;
  try {
    await sendOnce(world.chain, world);
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    world.report({ event: "notice", file: null, message: `A signed statement waits to be sent: ${error.message}` });
  }
}

async function pushFile(file: string, settle: SettleSettings, world: World): Promise<number> {
  for (;;) {
    try {
      const known = await world.store.read(world.archive.server, file);
      const ready = await waitUntilReady(file, settle, known?.identity ?? null, world.signal, (reason, detail) =>
        world.report({ event: "waiting", file, reason, detail }),
      );
      const sizeBytes = ready.identity.sizeBytes;
      if (ready.container.isComplete === false)
        world.report({
          event: "notice",
          file,
          message: `it is incomplete (${ready.container.missing ?? "no end"}) and goes out marked as that`,
        });
      const beside = await findBeside(file);
      for (const { name, problem } of beside.badSidecars)
        world.report({ event: "notice", file, message: `the sidecar ${name} stays here: ${problem}` });
      const delivered = await deliver(ready, world, beside);
      world.report({ event: "done", file, sizeBytes, ...delivered });
      return exitCodes.ok;
    } catch (error) {
      const cause = error instanceof DeliveryFailure ? error.problem : error;
      if (cause instanceof Problem && cause.kind === "changed") {
        world.report({ event: "notice", file, message: `${cause.message} Waiting until it is finished.` });
        continue;
      }
      return reportFailure(file, error, cause, world);
    }
  }
}

function reportFailure(file: string, error: unknown, cause: unknown, world: World): number {
  const record = error instanceof DeliveryFailure ? error.record : null;
  const known = { file, recording: record?.recording ?? null, sha256: record?.sha256 ?? null };
  if (cause instanceof Interrupted) {
    const problem = "Interrupted. Nothing is lost; run the same command again to go on.";
    world.report({ event: "failed", ...known, kind: "interrupted", problem, exitCode: exitCodes.interrupted });
    return exitCodes.interrupted;
  }
  const exitCode = cause instanceof Problem ? exitCodeOf(cause) : exitCodes.internal;
  const kind = cause instanceof Problem ? cause.kind : "internal";
  world.report({ event: "failed", ...known, kind, problem: messageOf(cause), exitCode });
  return exitCode;
}
