import type { Context } from "../context.ts";
import { decodeCursor, type Page, toPage } from "../page.ts";
import { sha256HexOf } from "../protocol/index.ts";
import type { ChunkRow } from "./types.ts";
import { getVisible, seesReleasedOnly } from "./visible.ts";

/** Most chunks of one page: 80 GB of a file in chunks of 8 MiB. A file may have millions. */
const maxChunks = 10_000;

/**
 * The chunks of a recording in order, as they arrived: number, place, length, SHA-256, when and from where.
 *
 * @throws AppError unauthenticated, forbidden, not_found, invalid_input (cursor)
 */
export async function listChunks(
  ctx: Context,
  id: string,
  cursor: string | null = null,
  limit = maxChunks,
): Promise<Page<ChunkRow>> {
  const { actor, recording } = await getVisible(ctx, id);
  const place = decodeCursor(cursor, [/^\d{1,9}$/]);
  const size = Math.min(Math.max(Math.trunc(limit) || 1, 1), maxChunks);
  const at = Number(place?.at[0] ?? -1);
  const isBack = place?.direction === "previous";
  const [chunks, last] = await Promise.all([
    ctx.db.chunk.findMany({
      where: { recordingId: recording.id, index: isBack ? { lt: at } : { gt: at } },
      orderBy: { index: isBack ? "desc" : "asc" },
      take: size + 1,
    }),
    ctx.db.chunk.findFirst({
      where: { recordingId: recording.id },
      orderBy: { index: "desc" },
      select: { index: true },
    }),
  ]);
  const rows = chunks.map((chunk) => ({
    index: chunk.index,
    offsetBytes: Number(chunk.offsetBytes),
    lengthBytes: chunk.lengthBytes,
    sha256: chunk.sha256 === null ? null : sha256HexOf(chunk.sha256),
    receivedAt: chunk.receivedAt,
    receivedFrom: seesReleasedOnly(actor) ? "" : chunk.receivedFrom,
  }));
  // Chunks have no gaps, so the last one's number is their count.
  const total = last === null ? 0 : last.index + 1;
  return { ...toPage(rows, size, place, (row) => [String(row.index)]), total, isTotalExact: true };
}
