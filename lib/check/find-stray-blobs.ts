import { orderKey } from "../access/index.ts";
import type { Context } from "../context.ts";
import { parseId } from "../ids.ts";
import { sha256HexOf } from "../protocol/index.ts";
import { recordingKey, sidecarKey } from "../recordings/index.ts";
import { isProbe } from "../storage/index.ts";
import { partKey } from "../uploads/index.ts";
import type { Problem } from "./types.ts";

const batchSize = 500;
/** How long a blob without its row is given to get one, or one that is being removed to go. */
const patienceMs = 1000;

/** Why no row stands for a blob: there is none, or it says that the upload was ended. */
export type Stray = "blob_without_row" | "blob_left_over";

const words: Record<Stray, { found: string; mend: string }> = {
  blob_without_row: {
    found: "A file in storage that no row names.",
    mend: "Left behind when an announcement was cut off, or its row was lost. Compare with a backup, then move it away.",
  },
  blob_left_over: {
    found: "Its upload was ended, and the bytes are still there.",
    mend: "The server was killed before it removed them. The daily job storage.sweep removes them.",
  },
};

/**
 * Blobs that no row stands for. A blob is made before its row, so what an announcement that was cut off left behind
 * is harmless; a blob of a moment ago is given the time to get its row, and one that grows is being written.
 */
export async function findStrayBlobs(ctx: Context): Promise<Problem[]> {
  const first = await findStrays(ctx);
  if (first.size === 0) return [];
  const sizes = await sizesOf(ctx, first);
  await new Promise((resolve) => setTimeout(resolve, patienceMs));
  const still = await strays(ctx, Array.from(first.keys()));
  const now = await sizesOf(ctx, still);
  return Array.from(still)
    .filter(([key]) => now.get(key) !== null && now.get(key) === sizes.get(key))
    .map(([subject, code]) => ({ code, subject, ...words[code] }));
}

/** All blobs that no row stands for at this moment. */
export function findStrays(ctx: Context): Promise<Map<string, Stray>> {
  return collect(ctx, ctx.storage.list(""));
}

async function sizesOf(ctx: Context, keys: ReadonlyMap<string, Stray>): Promise<Map<string, number | null>> {
  const sizes = new Map<string, number | null>();
  for (const key of keys.keys()) sizes.set(key, await ctx.storage.size(key));
  return sizes;
}

async function collect(ctx: Context, keys: AsyncIterable<string>): Promise<Map<string, Stray>> {
  const found = new Map<string, Stray>();
  const take = async (batch: string[]) => {
    for (const [key, stray] of await strays(ctx, batch)) found.set(key, stray);
  };
  let batch: string[] = [];
  for await (const key of keys) {
    if (isProbe(key)) continue;
    batch.push(key);
    if (batch.length < batchSize) continue;
    await take(batch);
    batch = [];
  }
  await take(batch);
  return found;
}

async function strays(ctx: Context, keys: readonly string[]): Promise<Map<string, Stray>> {
  const known = await rowsOf(ctx, keys);
  const found = new Map<string, Stray>();
  for (const key of keys) {
    const isEnded = known.get(key);
    if (isEnded !== false) found.set(key, isEnded === undefined ? "blob_without_row" : "blob_left_over");
  }
  return found;
}

/** The keys that rows stand for, and whether the row says that its bytes should be gone. */
async function rowsOf(ctx: Context, keys: readonly string[]): Promise<Map<string, boolean>> {
  const idsIn = (folder: string, kind: "recording" | "request" | "upload", ending = "") =>
    keys.flatMap((key) => {
      if (!key.startsWith(`${folder}/`) || !key.endsWith(ending)) return [];
      return parseId(kind, key.slice(folder.length + 1, key.length - ending.length)) ?? [];
    });
  const recordings = await ctx.db.recording.findMany({
    where: { id: { in: idsIn("recordings", "recording") } },
    select: { id: true, upload: { select: { state: true } } },
  });
  const requests = await ctx.db.request.findMany({
    where: { id: { in: idsIn("orders", "request", ".pdf") } },
    select: { id: true },
  });
  const parts = await ctx.db.upload.findMany({
    where: { id: { in: idsIn("parts", "upload") }, kind: "part" },
    select: { id: true, state: true },
  });
  const sidecars = await ctx.db.sidecar.findMany({
    where: { recordingId: { in: keys.flatMap((key) => sidecarOwner(key) ?? []) } },
    select: { recordingId: true, sha256: true },
  });
  return new Map([
    ...sidecars.map(({ recordingId, sha256 }) => [sidecarKey(recordingId, sha256HexOf(sha256)), false] as const),
    ...recordings.map(({ id, upload }) => [recordingKey(id), upload?.state === "terminated"] as const),
    ...requests.map(({ id }) => [orderKey(id), false] as const),
    ...parts.map(({ id, state }) => [partKey(id), state === "terminated"] as const),
  ]);
}

/** The recording that a sidecar's key names; null: it is another key. */
function sidecarOwner(key: string): string | null {
  const [folder, owner, digest] = key.split("/");
  return folder === "sidecars" && owner !== undefined && digest !== undefined ? parseId("recording", owner) : null;
}
