import { extname } from "node:path";
import { sidecarEndings } from "../../lib/protocol/index.ts";

/** Endings of the files that recorders write. */
export const recordingExtensions = ["mp4", "m4v", "mov", "mkv", "webm", "ts", "m2ts", "mts", "avi"] as const;

const partialEndings = [".part", ".partial", ".tmp"];
const companionEndings = [".done", ".event", ...sidecarEndings.map((ending) => `.${ending}`)];

/** What a name in a watched folder is to us. */
export type NameKind = "recording" | "companion" | "partial" | "other";

/** Sorts a name. Recorders write half-done files under another ending or with a dot in front. */
export function kindOfName(name: string, extensions: ReadonlySet<string>): NameKind {
  if (name.startsWith(".") || partialEndings.some((ending) => name.endsWith(ending))) return "partial";
  if (extensions.has(extname(name).slice(1).toLowerCase())) return "recording";
  return companionEndings.some((ending) => name.endsWith(ending)) ? "companion" : "other";
}

/** Names that say something about a recording with this ending: `rear.mp4.done` and `rear.done` alike. */
export function companionNames(recording: string, ending: string): string[] {
  const stem = recording.slice(0, recording.length - extname(recording).length);
  return [`${recording}${ending}`, `${stem}${ending}`];
}
