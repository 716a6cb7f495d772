/** Most bytes of a sidecar. */
export const maxSidecarBytes = 4 * 1024 * 1024;

const mediaTypes: Readonly<Record<string, string>> = {
  json: "application/json",
  gpx: "application/gpx+xml",
  vtt: "text/vtt",
};

/** Endings that a sidecar's name may have. */
export const sidecarEndings = Object.keys(mediaTypes);

/** The media type that follows from a sidecar's name; null: an archive takes none of that kind. */
export function sidecarMediaType(name: string): string | null {
  const dot = name.lastIndexOf(".");
  if (dot < 1) return null;
  const ending = name.slice(dot + 1).toLowerCase();
  return Object.hasOwn(mediaTypes, ending) ? (mediaTypes[ending] ?? null) : null;
}

/** What the archive answers to a sidecar that is durable. */
export type SidecarView = { name: string; sizeBytes: number; sha256: string; receivedAt: string };
