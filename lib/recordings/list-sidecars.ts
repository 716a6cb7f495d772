import type { Context } from "../context.ts";
import type { Person, System } from "../people/index.ts";
import { sha256HexOf, sidecarPath } from "../protocol/index.ts";
import type { ManifestView, SidecarRow } from "./types.ts";
import { seesReleasedOnly } from "./visible.ts";

/**
 * Sidecars that manifests name, by name, and which of them are here. The caller has seen that they may know; of what was
 * set aside those outside hear nothing.
 */
export async function readSidecars(
  ctx: Context,
  actor: Person | System,
  recordingId: string,
  manifests: readonly ManifestView[],
): Promise<SidecarRow[]> {
  const said = manifests.flatMap(({ facts }) => facts.sidecars ?? []);
  if (said.length === 0) return [];
  const here = await ctx.db.sidecar.findMany({ where: { recordingId } });
  const rowOf = new Map(here.map((row) => [`${sha256HexOf(row.sha256)} ${row.name}`, row]));
  const rows = new Map(
    said.map(({ name, sizeBytes, sha256 }) => [
      `${sha256} ${name}`,
      {
        name,
        sizeBytes,
        sha256,
        receivedAt: rowOf.get(`${sha256} ${name}`)?.receivedAt ?? null,
        setAsideAt: rowOf.get(`${sha256} ${name}`)?.setAsideAt ?? null,
        path: sidecarPath(recordingId, name),
      },
    ]),
  );
  const seen = [...rows.values()].filter(({ setAsideAt }) => setAsideAt === null || !seesReleasedOnly(actor));
  return seen.sort((one, other) => (one.name < other.name ? -1 : 1));
}
