import { stripVTControlCharacters } from "node:util";
import { exitCodes } from "../exit-codes.ts";
import { sleep } from "../patience.ts";
import { Interrupted } from "../problems.ts";
import type { Output } from "../report/reporters.ts";
import type { FileRecord } from "../state/file-record.ts";
import { judgeStatus, type StatusLimits } from "../status/judge-status.ts";
import { readStatus, type StatusReport } from "../status/read-status.ts";
import { statusLines, statusSummary } from "../status/status-lines.ts";

/** How status is asked for. */
export type StatusSettings = {
  stateFolder: string;
  isJson: boolean;
  /** Sealed recordings too. */
  showsAll: boolean;
  /** Shown again and again, so often; null: once. */
  watchMs: number | null;
  /** Null: it is only shown. */
  check: StatusLimits | null;
};

const noLimits: StatusLimits = { maxAgeSeconds: null, maxQueue: null, maxSilenceSeconds: null, mustRun: false };

/**
 * Shows what is known of the uploader, with a daemon running or not.
 *
 * @returns exit code: with a check, "failed" when something is wrong, else ok
 */
export async function status(settings: StatusSettings, output: Output, signal: AbortSignal): Promise<number> {
  const { stateFolder, showsAll, isJson, watchMs, check } = settings;
  let problems: string[] = [];
  let shownLines = 0;
  let summary = "";
  for (;;) {
    const report = await readStatus(stateFolder, showsAll);
    problems = judgeStatus(report, check ?? noLimits);
    if (isJson) output.write(`${JSON.stringify(forJson(report, problems))}\n`);
    else if (watchMs === null) for (const line of statusLines(report, problems)) output.write(`${clean(line)}\n`);
    else if (output.isTerminal) shownLines = redraw(statusLines(report, problems).map(clean), shownLines, output);
    else {
      const now = clean(statusSummary(report, problems));
      if (now !== summary) output.write(`${report.at} ${now}\n`);
      summary = now;
    }
    if (watchMs === null || signal.aborted) break;
    try {
      await sleep(watchMs, signal);
    } catch (error) {
      if (!(error instanceof Interrupted)) throw error;
      break;
    }
  }
  return check !== null && problems.length > 0 ? exitCodes.failed : exitCodes.ok;
}

// In place: back to the first line that was drawn, and each line cleared to its end, so that nothing flickers.
function redraw(lines: readonly string[], before: number, output: Output): number {
  const rows = Math.max(5, output.rows() - 1);
  const shown = lines.length > rows ? [...lines.slice(0, rows - 1), `… and ${lines.length - rows + 1} more`] : lines;
  const back = before === 0 ? "" : `\u001b[${before}A`;
  const cut = shown.map((line) => line.slice(0, Math.max(10, output.columns() - 1)));
  output.write(`${back}${cut.map((line) => `\r\u001b[2K${line}\n`).join("")}\u001b[0J`);
  return shown.length;
}

// A file name may hold anything, also what would move the cursor.
function clean(line: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: taking control characters out is what it is for
  return stripVTControlCharacters(line).replaceAll(/[\u0000-\u001f\u007f-\u009f]/g, "?");
}

function forJson(report: StatusReport, problems: readonly string[]) {
  return { ...report, files: report.files.map(fileForJson), problems };
}

function fileForJson(record: FileRecord) {
  const { file, server, phase, sha256, recording, acknowledgedBytes, problem, retryAt, updatedAt } = record;
  const { sizeBytes } = record.identity;
  return {
    file,
    server,
    phase,
    class: record.class,
    sha256,
    recording,
    acknowledgedBytes,
    sizeBytes,
    problem,
    retryAt,
    updatedAt,
  };
}
