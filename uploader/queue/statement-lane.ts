import type { Chain } from "../chain/chain.ts";
import type { World } from "../delivery/world.ts";
import { Patience, sleep } from "../patience.ts";
import { Problem } from "../problems.ts";

const lookEveryMs = 60_000;
const refusedMs = 3_600_000;

/** Brings the device's statements to the archive, in order, until the world ends. @throws Interrupted */
export async function sendStatements(chain: Chain, world: World): Promise<void> {
  const patience = new Patience({ firstDelayMs: 1000, maxDelayMs: 300_000, giveUpAfterMs: null });
  for (;;) {
    let pauseMs = lookEveryMs;
    try {
      await sendOnce(chain, world);
      patience.progress();
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      world.figures.failed(error);
      pauseMs = error.kind === "refused" ? refusedMs : patience.nextDelayMs(error);
      if (error.kind === "authentication") pauseMs = Math.max(pauseMs, 30_000 * (1 + Math.random()));
    }
    await pause(chain, pauseMs, world.signal);
  }
}

/** Sends what waits, oldest first. One that is refused is kept, and holds up none behind it. @throws Problem */
export async function sendOnce(chain: Chain, world: World): Promise<void> {
  let refusal: Problem | null = null;
  for (const sequence of chain.unsent) {
    const jws = await chain.read(sequence);
    try {
      // Lost with its file: the archive shows its number as missing, which is the truth.
      if (jws !== null) await world.archive.postStatement(jws, world.signal);
      await chain.sent(sequence);
    } catch (error) {
      if (!(error instanceof Problem && error.kind === "refused")) throw error;
      refusal ??= error;
    }
  }
  if (refusal !== null) throw refusal;
}

// A new statement goes at once.
async function pause(chain: Chain, ms: number, signal: AbortSignal): Promise<void> {
  const news = new AbortController();
  const both = AbortSignal.any([signal, news.signal]);
  chain.onStatement = () => news.abort();
  await sleep(ms, both).catch((error: unknown) => {
    if (signal.aborted) throw error;
  });
}
