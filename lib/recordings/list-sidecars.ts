import type { Context } from "../context.ts";
import { sha256HexOf, sidecarPath } from "../protocol/index.ts";
import type { ManifestView, SidecarRow } from "./types.ts";

/** Sidecars that manifests name, by name, and which of them are here. The caller has seen that they may know. */
export async function readSidecars(
  ctx: Context,
  recordingId: string,
  manifests: readonly ManifestView[],
): Promise<SidecarRow[]> {
  const said = manifests.flatMap(({ facts }) => facts.sidecars ?? []);
  if (said.length === 0) return [];
  const here = await ctx.db.sidecar.findMany({ where: { recordingId } });
  const arrivals = new Map(here.map((row) => [`${sha256HexOf(row.sha256)} ${row.name}`, row.receivedAt]));
  const rows = new Map(
    said.map(({ name, sizeBytes, sha256 }) => [
      `${sha256} ${name}`,
      {
        name,
        sizeBytes,
        sha256,
        receivedAt: arrivals.get(`${sha256} ${name}`) ?? null,
        path: sidecarPath(recordingId, name),
      },
    ]),
  );
  return [...rows.values()].sort((one, other) => (one.name < other.name ? -1 : 1));
}
