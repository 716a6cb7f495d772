/** Chunk size when the device names none. */
export const defaultChunkSizeBytes = 8 * 1024 * 1024;
/** 400,000 bytes: the chunk size of an older system whose devices must keep working. */
export const minChunkSizeBytes = 400_000;
export const maxChunkSizeBytes = 64 * 1024 * 1024;

/** Number of chunks of a file. An empty file has none. */
export function chunkCount(sizeBytes: number, chunkSizeBytes: number): number {
  return Math.ceil(sizeBytes / chunkSizeBytes);
}
