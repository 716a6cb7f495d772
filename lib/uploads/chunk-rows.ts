import type { Database } from "../context.ts";

const pageSize = 1_000;

/** One chunk as it arrived. */
export type ChunkRow = { index: number; offsetBytes: bigint; lengthBytes: number; sha256: Uint8Array | null };

/** The chunk rows of a recording in order, read in parts: a long file has very many. */
export async function* chunkRows(db: Database, recordingId: string): AsyncIterable<ChunkRow> {
  for (let after = -1; ; ) {
    const page = await db.chunk.findMany({
      where: { recordingId, index: { gt: after } },
      orderBy: { index: "asc" },
      take: pageSize,
      select: { index: true, offsetBytes: true, lengthBytes: true, sha256: true },
    });
    yield* page;
    const last = page.at(-1);
    if (last === undefined || page.length < pageSize) return;
    after = last.index;
  }
}
