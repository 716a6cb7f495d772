import { randomBytes } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { tusDevice } from "./tus-client.ts";

type TakeOverTimes = {
  /** Two servers on one archive; the same address twice measures one server. */
  urls: readonly [string, string];
  token: string;
  rounds: number;
};

/** Milliseconds of one kind of take-over, in order. */
export type Times = { kind: string; ms: number[] };

const fileBytes = 4_000_000;
const sentBytes = 1_000_000;

/**
 * Measures how long a device waits that opens a new connection while the old one still hangs in the first server:
 * from the new request to the end of its answer, the first bytes of its own with it.
 */
export async function measureTakeOver({ urls, token, rounds }: TakeOverTimes): Promise<Times[]> {
  const [older, newer] = urls.map((url) => tusDevice(() => url, token));
  if (older === undefined || newer === undefined) throw new Error("two addresses are given");
  const head: Times = { kind: "HEAD while a half-open client holds it", ms: [] };
  const halfOpen: Times = { kind: "PATCH that ends a half-open client", ms: [] };
  const live: Times = { kind: "PATCH that ends a client that is sending, with its 409 and the next PATCH", ms: [] };

  async function hold(isLive: boolean) {
    const created = await older?.create(fileBytes, { chunk_size: "400000" });
    const path = new URL(String(created?.headers.location), urls[0]).pathname;
    const opened = older?.openPatch(path, 0, fileBytes);
    if (opened === undefined) throw new Error("two addresses are given");
    opened.request.on("error", () => undefined);
    opened.request.write(randomBytes(sentBytes));
    const dripping = isLive ? setInterval(() => opened.request.write(randomBytes(1_000)), 10) : undefined;
    await sleep(700);
    return {
      path,
      end: async () => {
        clearInterval(dripping);
        opened.request.destroy();
        await opened.answered.catch(() => undefined);
      },
    };
  }
  async function time(times: Times, work: () => Promise<unknown>): Promise<void> {
    const begunAt = performance.now();
    await work();
    times.ms.push(performance.now() - begunAt);
  }
  const patch = async (path: string, offset: number) => {
    const answer = await newer.patch(path, offset, randomBytes(100_000));
    if (answer.status !== 204 && answer.status !== 409) throw new Error(`${answer.status} ${answer.body}`);
    return { status: answer.status, offset: Number(answer.headers["upload-offset"]) };
  };

  for (let round = 0; round < rounds; round++) {
    const asked = await hold(false);
    await time(head, () => newer.head(asked.path));
    await asked.end();

    const hanging = await hold(false);
    // At the offset that the device knows of: what was acknowledged, or committed since. A 409 names the one behind it.
    await time(halfOpen, async () => {
      const first = await patch(hanging.path, 800_000);
      if (first.status === 409) await patch(hanging.path, first.offset);
    });
    await hanging.end();

    const sending = await hold(true);
    await time(live, async () => {
      const known = Number((await newer.head(sending.path)).headers["upload-offset"]);
      const first = await patch(sending.path, known);
      if (first.status === 409) await patch(sending.path, first.offset);
    });
    await sending.end();
  }
  for (const times of [head, halfOpen, live]) times.ms.sort((a, b) => a - b);
  return [head, halfOpen, live];
}
