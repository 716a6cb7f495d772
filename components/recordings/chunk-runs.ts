import type { ChunkRow } from "@/lib/recordings/types";

/** Chunks that arrived in one go: no long pause, one address. */
export type ChunkRun = {
  firstIndex: number;
  lastIndex: number;
  bytes: number;
  startedAt: Date;
  endedAt: Date;
  receivedFrom: string;
  /** Pause before this run in milliseconds; null for the first. */
  pauseMs: number | null;
};

const shortestPauseMs = 30_000;

/**
 * Splits the chunks where the transfer was cut: at another address, or at a pause that is three times longer than
 * usual for this link and at least 30 s. A slow link alone makes no cuts.
 */
export function chunkRuns(chunks: ChunkRow[]): ChunkRun[] {
  const longPauseMs = Math.max(shortestPauseMs, 3 * medianGapMs(chunks));
  const runs: ChunkRun[] = [];
  for (const chunk of chunks) {
    const run = runs.at(-1);
    const pauseMs = run ? chunk.receivedAt.getTime() - run.endedAt.getTime() : null;
    if (run && pauseMs !== null && pauseMs <= longPauseMs && chunk.receivedFrom === run.receivedFrom) {
      run.lastIndex = chunk.index;
      run.bytes += chunk.lengthBytes;
      run.endedAt = chunk.receivedAt;
    } else {
      runs.push({
        firstIndex: chunk.index,
        lastIndex: chunk.index,
        bytes: chunk.lengthBytes,
        startedAt: chunk.receivedAt,
        endedAt: chunk.receivedAt,
        receivedFrom: chunk.receivedFrom,
        pauseMs,
      });
    }
  }
  return runs;
}

function medianGapMs(chunks: ChunkRow[]): number {
  const gaps = chunks
    .slice(1)
    .map((chunk, index) => chunk.receivedAt.getTime() - (chunks[index]?.receivedAt.getTime() ?? 0))
    .sort((a, b) => a - b);
  return gaps[Math.floor(gaps.length / 2)] ?? 0;
}
