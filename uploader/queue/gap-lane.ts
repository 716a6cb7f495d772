import { rm } from "node:fs/promises";
import { dirname } from "node:path";
import { StatementError } from "../../lib/protocol/index.ts";
import type { Chain } from "../chain/chain.ts";
import type { World } from "../delivery/world.ts";
import { sleep } from "../patience.ts";
import { Problem } from "../problems.ts";
import { readGaps } from "../recorder/gap-drop.ts";
import { syncFolder } from "../state/durable-file.ts";

type Signer = Pick<Chain, "anchored" | "gap">;
type Surroundings = Pick<World, "figures" | "report" | "signal"> & { store: { readonly folder: string } };

const lookEveryMs = 10_000;

/** Signs the gaps that recorders have noted into the device's chain, until the world ends. @throws Interrupted */
export async function stateGaps(chain: Signer, world: Surroundings): Promise<void> {
  await chain.anchored;
  for (;;) {
    await stateNotedGaps(chain, world).catch((error: unknown) => {
      if (!(error instanceof Problem)) throw error;
      world.figures.failed(error);
    });
    await sleep(lookEveryMs, world.signal);
  }
}

/** Killed between the statement and the removal, it says the same once more, and the chain knows it. */
async function stateNotedGaps(chain: Signer, world: Surroundings): Promise<void> {
  for (const { file, gap } of await readGaps(world.store.folder)) {
    try {
      await chain.gap(gap.source, gap.from, gap.until, gap.reason);
    } catch (error) {
      if (!(error instanceof StatementError)) throw error;
      world.report({ event: "notice", file: null, message: `A gap cannot be stated: ${error.message}` });
    }
    await rm(file, { force: true });
    await syncFolder(dirname(file));
  }
}
