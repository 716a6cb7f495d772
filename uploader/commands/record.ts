import { readFile } from "node:fs/promises";
import { resolve } from "node:path";
import { exitCodes } from "../exit-codes.ts";
import { fileProblem } from "../file-identity.ts";
import { Problem } from "../problems.ts";
import type { RecorderReport } from "../recorder/events.ts";
import { runRecorder } from "../recorder/recorder.ts";
import { sentenceOf } from "../recorder/sentences.ts";
import { type RecorderSettings, readDurationMs, readRecorderSettings } from "../recorder/settings.ts";

type Flags = Readonly<Record<string, string | boolean | (string | boolean)[] | undefined>>;

/** Reads the command line of `record`. @throws Problem "usage", "file" when there is no --url-file */
export async function readRecordFlags(positionals: readonly string[], flags: Flags): Promise<RecorderSettings> {
  const kept = flags["url-file"];
  const [url, ...others] = typeof kept === "string" ? [await readUrlFile(kept), ...positionals] : positionals;
  if (url === undefined || others.length > 0)
    throw new Problem("usage", "record needs one URL, device or file, or --url-file FILE that holds one.");
  if (typeof flags.out !== "string") throw new Problem("usage", "record needs --out DIR.");
  if (typeof flags.segment !== "string") throw new Problem("usage", "record needs --segment DURATION, such as 60s.");
  const stall = flags["stall-timeout"];
  return readRecorderSettings({
    name: flags.name ?? "cam",
    url: /^[a-z][a-z0-9+.-]*:\/\//i.test(url) ? url : resolve(url),
    out: resolve(flags.out),
    segmentMs: readDurationMs(flags.segment),
    format: flags.format,
    reEncode: flags["re-encode"],
    source: flags.source,
    rtspTransport: flags["rtsp-transport"],
    listens: flags.listen,
    audio: flags["no-audio"] === true ? false : undefined,
    replay: flags["replay-fast"] === true ? "fast" : undefined,
    stallMs: stall === undefined ? undefined : Number(stall) * 1000,
    ffmpeg: flags.ffmpeg,
    gps: flags.gps,
  });
}

async function readUrlFile(path: string): Promise<string> {
  const text = await readFile(path, "utf8").catch((error: unknown) => {
    throw fileProblem(path, error);
  });
  return text.trim();
}

/** Cuts a source into recordings until it is stopped, or until a file is at its end. */
export async function record(
  settings: RecorderSettings,
  stateFolder: string,
  isJson: boolean,
  write: (text: string) => void,
  signal: AbortSignal,
): Promise<number> {
  const report: RecorderReport = (event) => write(`${isJson ? JSON.stringify(event) : sentenceOf(event)}\n`);
  await runRecorder(settings, stateFolder, signal, report);
  return exitCodes.ok;
}
