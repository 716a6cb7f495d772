import { readdir, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import type { RecorderReport } from "./events.ts";
import type { GpsTrack } from "./gps-track.ts";
import { moveIntoPlace, publish } from "./publish.ts";
import { type RunFolder, removeRunFolder } from "./run-folder.ts";
import { SegmentCsv } from "./segment-csv.ts";
import type { RecorderSettings } from "./settings.ts";
import { StreamClock } from "./stream-clock.ts";

/**
 * Puts into place everything that a run left: what ffmpeg had listed as finished, and the last window, which is
 * flagged. Call when nothing writes into the folder any more; may be cut off and repeated at any point.
 *
 * @param why the last window may lack its end
 * @returns wall clock at the end of what was put into place; null when nothing was
 */
export async function salvage(
  run: RunFolder,
  settings: RecorderSettings,
  why: string,
  report: RecorderReport,
  track: GpsTrack | null = null,
): Promise<number | null> {
  const names = (await readdir(run.folder).catch(() => [])).sort();
  await finishMoves(names, settings, run);
  const listed = new Map((await new SegmentCsv(run.folder).read()).map((segment) => [segment.name, segment]));
  const lastEndMs = Math.max(0, ...[...listed.values()].map(({ endMs }) => endMs));
  const clock = new StreamClock(run.zeroMs);
  const left = [];
  for (const name of names.filter((other) => /^\d{6,}\./.test(other))) {
    const segment = listed.get(name);
    const stats = await stat(join(run.folder, name)).catch(() => null);
    if (stats === null) continue;
    const startMs = segment?.startMs ?? lastEndMs;
    const bornMs = stats.birthtimeMs > 0 ? stats.birthtimeMs : stats.mtimeMs;
    clock.sample(bornMs, startMs);
    left.push({ name, startMs, endMs: segment?.endMs ?? null, bornMs, incomplete: segment === undefined ? why : null });
  }
  let lastMs: number | null = null;
  for (const { bornMs, ...piece } of left) {
    const format = formatOf(piece.name) ?? settings.format;
    const fromMs = clock.wallMsAt(piece.startMs) ?? bornMs;
    const recorded = await publish({ ...piece, fromMs }, { ...settings, format }, run, track);
    if (recorded === null) continue;
    report(recorded);
    lastMs = Date.parse(recorded.capturedUntil);
  }
  await removeRunFolder(run);
  return lastMs;
}

// Killed between two steps of publishing: a recording that has its name already goes where it belongs; a sidecar
// without one is written anew.
async function finishMoves(names: readonly string[], settings: RecorderSettings, run: RunFolder): Promise<void> {
  for (const name of names) {
    const stem = name.slice(0, name.lastIndexOf("."));
    const format = formatOf(name);
    if (!stem.includes("_")) continue;
    if (format !== null) await moveIntoPlace(stem, { ...settings, format }, run);
    else if (!names.some((other) => other.startsWith(`${stem}.`) && formatOf(other) !== null))
      await rm(join(run.folder, name), { force: true });
  }
}

function formatOf(name: string): RecorderSettings["format"] | null {
  const ending = name.slice(name.lastIndexOf(".") + 1);
  return ending === "mp4" || ending === "mkv" || ending === "ts" ? ending : null;
}
