import { lstat, open, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { readContainerFacts } from "../container/index.ts";
import { rangeReader } from "../ready-file.ts";
import { replaceFile, syncFolder } from "../state/durable-file.ts";
import type { RecorderEvent } from "./events.ts";
import type { GpsTrack } from "./gps-track.ts";
import type { RunFolder } from "./run-folder.ts";
import { type RecorderSettings, withoutSecrets } from "./settings.ts";

/** A file of a run that nobody writes to any more. */
export type Piece = {
  /** Its name in the run's folder. */
  name: string;
  startMs: number;
  /** Null: nobody knows; it reaches to the file's last change. */
  endMs: number | null;
  /** Wall clock at its first frame. */
  fromMs: number;
  /** Why it may lack its end; null: ffmpeg listed it as finished. */
  incomplete: string | null;
};

type Recorded = Extract<RecorderEvent, { event: "recorded" }>;

/**
 * Moves a finished file into place: synced, looked through to its end, its sidecar before it. A kill between two
 * steps leaves what salvaging finishes.
 *
 * @returns null when the file is empty, and is taken away
 */
export async function publish(
  piece: Piece,
  settings: RecorderSettings,
  run: RunFolder,
  track: GpsTrack | null,
): Promise<Recorded | null> {
  const path = join(run.folder, piece.name);
  const { sizeBytes, modifiedMs, missing } = await lookInto(path);
  if (sizeBytes === 0) {
    await rm(path, { force: true });
    return null;
  }
  const incomplete = piece.incomplete ?? missing;
  const lengthMs = piece.endMs === null ? Math.max(modifiedMs - piece.fromMs, 0) : piece.endMs - piece.startMs;
  const capturedFrom = new Date(piece.fromMs).toISOString();
  const capturedUntil = new Date(piece.fromMs + lengthMs).toISOString();
  const sequence = piece.name.slice(0, piece.name.indexOf("."));
  const stem = `${settings.name}_${capturedFrom.replaceAll(/[-:]/g, "")}_${run.id}-${sequence}`;
  const sidecar = {
    source: settings.source ?? settings.name,
    capturedFrom,
    capturedUntil,
    ...(incomplete === null ? {} : { incomplete: incomplete.slice(0, 300) }),
    recorder: {
      name: settings.name,
      input: withoutSecrets(settings.url),
      reEncode: settings.reEncode,
      segmentMs: settings.segmentMs,
      run: run.id,
      number: Number(sequence),
      startMs: piece.startMs,
      endMs: piece.endMs,
    },
  };
  await replaceFile(join(run.folder, `${stem}.json`), `${JSON.stringify(sidecar, null, 2)}\n`, true);
  const gpx = track?.gpxBetween(piece.fromMs, piece.fromMs + lengthMs) ?? null;
  if (gpx !== null) await replaceFile(join(run.folder, `${stem}.gpx`), gpx, true);
  await rename(path, join(run.folder, `${stem}.${settings.format}`));
  const file = await moveIntoPlace(stem, settings, run);
  const { startMs, endMs } = piece;
  const recorder = settings.name;
  return { event: "recorded", recorder, file, sizeBytes, capturedFrom, capturedUntil, startMs, endMs, incomplete };
}

/** The last step of publishing: the sidecars first, so that whoever sees the recording sees all. @returns its path */
export async function moveIntoPlace(stem: string, settings: RecorderSettings, run: RunFolder): Promise<string> {
  for (const name of [`${stem}.json`, `${stem}.gpx`, `${stem}.${settings.format}`]) {
    const from = join(run.folder, name);
    const isThere = await lstat(from).then(
      () => true,
      () => false,
    );
    if (isThere) await rename(from, join(settings.out, name));
  }
  await syncFolder(settings.out);
  await syncFolder(run.folder);
  return join(settings.out, `${stem}.${settings.format}`);
}

async function lookInto(path: string) {
  const handle = await open(path, "r");
  try {
    await handle.sync();
    const stats = await handle.stat();
    const container = await readContainerFacts(rangeReader(handle, stats.size));
    const missing = container.isComplete === false ? (container.missing ?? "it does not reach its end") : null;
    return { sizeBytes: stats.size, modifiedMs: stats.mtimeMs, missing };
  } finally {
    await handle.close();
  }
}
