import type { Context } from "../context.ts";
import { notFound } from "../errors.ts";
import type { Person, System } from "../people/index.ts";
import { parseSha256Hex, sha256HexOf } from "../protocol/index.ts";
import type { ManifestFacts, ManifestView } from "./types.ts";
import { getVisible, seesReleasedOnly } from "./visible.ts";

const digestBytes = 32;

/** Those outside hear nothing of what was set aside. */
const believed = (actor: Person | System) => (seesReleasedOnly(actor) ? { setAsideAt: null } : {});

/** What was signed about a recording, first to last. The caller has seen that they may know of it. */
export async function readManifests(
  ctx: Context,
  actor: Person | System,
  recordingId: string,
): Promise<ManifestView[]> {
  const rows = await ctx.db.manifest.findMany({
    where: { recordingId, ...believed(actor) },
    orderBy: [{ receivedAt: "asc" }, { sequence: "asc" }],
    omit: { jws: true, chunkSha256s: true },
    include: { key: { select: { revokedAt: true } } },
  });
  if (rows.length === 0) return [];
  const counts = await ctx.db.$queryRaw<{ sha256: Uint8Array; chunks: number; isPreviousHere: boolean }[]>`
    SELECT m.manifest_sha256 AS sha256, octet_length(m.chunk_sha256s) / ${digestBytes}::int AS chunks,
           (EXISTS (SELECT 1 FROM manifest p WHERE p.manifest_sha256 = m.previous_sha256 AND p.device_id = m.device_id
                       AND p.set_aside_at IS NULL)
            OR EXISTS (SELECT 1 FROM chain_statement s WHERE s.device_id = m.device_id AND s.set_aside_at IS NULL
                        AND m.previous_sha256 IN (s.statement_sha256, s.of_manifest_sha256))) AS "isPreviousHere"
      FROM manifest m WHERE m.recording_id = ${recordingId}`;
  const countOf = new Map(counts.map((count) => [sha256HexOf(count.sha256), count]));
  return rows.map((row) => {
    const sha256 = sha256HexOf(row.manifestSha256);
    return {
      sha256,
      sequence: Number(row.sequence),
      previousSha256: row.previousSha256 === null ? null : sha256HexOf(row.previousSha256),
      chain: seesReleasedOnly(actor) ? null : row.chain,
      isPreviousHere: countOf.get(sha256)?.isPreviousHere ?? false,
      kid: row.kid,
      keyRevokedAt: row.key.revokedAt,
      chunkSizeBytes: row.chunkSizeBytes,
      chunkCount: countOf.get(sha256)?.chunks ?? 0,
      receivedAt: row.receivedAt,
      setAsideAt: row.setAsideAt,
      facts: row.facts as unknown as ManifestFacts, // it was checked when it came, and cannot change
    };
  });
}

/**
 * The signed manifest itself, as it came: what anybody can check with the device's public key.
 *
 * @param sha256 which one, when there are several; null: the first
 * @throws AppError unauthenticated, forbidden, not_found
 */
export async function getManifest(
  ctx: Context,
  id: string,
  sha256: string | null,
): Promise<{ jws: string; fileName: string }> {
  const { actor, recording } = await getVisible(ctx, id);
  const wanted = sha256 === null ? null : parseSha256Hex(sha256);
  if (sha256 !== null && wanted === null) throw notFound("manifest");
  const row = await ctx.db.manifest.findFirst({
    where: {
      recordingId: recording.id,
      ...believed(actor),
      ...(wanted === null ? {} : { manifestSha256: Buffer.from(wanted, "hex") }),
    },
    orderBy: [{ receivedAt: "asc" }, { sequence: "asc" }],
    select: { jws: true },
  });
  if (row === null) throw notFound("manifest");
  return { jws: row.jws, fileName: `${recording.id}.manifest.jws` };
}
