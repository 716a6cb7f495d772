import { measureTakeOver } from "../../server/testing/take-over-times.ts";
import type { Bench, Result } from "./bench.ts";
import { cell, median, percentile } from "./statistics.ts";

/** How long a device waits that opens a new connection while the old one is still held, by the same server or another. */
export async function takeOver(bench: Bench): Promise<Result> {
  const { url, token } = bench.ours;
  const other = await bench.startFresh();
  const rounds = bench.form === "short" ? 3 : 20;
  try {
    const raw = [
      { where: "the same server", kinds: await measureTakeOver({ urls: [url, url], token, rounds }) },
      { where: "another server", kinds: await measureTakeOver({ urls: [url, other.url], token, rounds }) },
    ];
    const rows = raw.flatMap(({ where, kinds }) =>
      kinds.map(({ kind, ms }) => ({
        what: kind,
        "asked of": where,
        rounds: ms.length,
        "p50 ms": cell(median(ms), 0),
        "p95 ms": cell(percentile(ms, 0.95), 0),
        "max ms": cell(ms.at(-1) ?? null, 0),
      })),
    );
    return { name: "take-over", title: "A newer request for an upload that is being written", rows, raw };
  } finally {
    await other.stop();
  }
}
