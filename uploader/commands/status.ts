import { basename } from "node:path";
import { readSnapshot } from "../daemon-snapshot.ts";
import { exitCodes } from "../exit-codes.ts";
import { percentInWords, sizeInWords } from "../report/words.ts";
import { type FilePhase, type FileRecord, filePhases } from "../state/file-record.ts";
import type { StateView } from "../state/state-store.ts";

const words: Record<FilePhase, string> = {
  described: "waiting to be sent",
  sending: "being sent",
  delivered: "delivered, not sealed yet",
  sealed: "sealed",
  quarantined: "quarantined",
  refused: "refused",
  gone: "will not come, as a signed statement says",
};

/** How status is asked for. */
export type StatusSettings = { isJson: boolean; showsAll: boolean; isCheck: boolean };

/**
 * Shows what the state folder knows, with or without a daemon.
 *
 * @returns exit code: with `--check`, "failed" when a recording was refused or quarantined, else ok
 */
export async function status(
  store: StateView,
  settings: StatusSettings,
  write: (text: string) => void,
): Promise<number> {
  const pid = await store.daemonPid();
  const snapshot = pid === null ? null : await readSnapshot(store.folder);
  const tally = store.tally();
  const counts = Object.fromEntries(filePhases.map((phase) => [phase, tally[phase].files])) as Record<
    FilePhase,
    number
  >; // of every phase
  const shown: FileRecord[] = [];
  for await (const record of store.all()) {
    if (settings.showsAll || (record.phase !== "sealed" && record.phase !== "gone")) shown.push(record);
  }
  shown.sort((a, b) => (a.updatedAt < b.updatedAt ? -1 : 1));
  if (settings.isJson)
    write(
      `${JSON.stringify({ stateFolder: store.folder, daemon: pid === null ? null : { pid, ...snapshot }, counts, files: shown.map(forJson) })}\n`,
    );
  else for (const line of lines(store.folder, pid, snapshot, counts, shown)) write(`${line}\n`);
  return settings.isCheck && counts.refused + counts.quarantined > 0 ? exitCodes.failed : exitCodes.ok;
}

function forJson(record: FileRecord) {
  const { file, server, phase, sha256, recording, acknowledgedBytes, problem, retryAt, updatedAt } = record;
  const { sizeBytes } = record.identity;
  return { file, server, phase, sha256, recording, acknowledgedBytes, sizeBytes, problem, retryAt, updatedAt };
}

function lines(
  folder: string,
  pid: number | null,
  snapshot: Awaited<ReturnType<typeof readSnapshot>>,
  counts: Record<FilePhase, number>,
  files: FileRecord[],
): string[] {
  const daemon = pid === null ? "no daemon runs" : `daemon runs as process ${pid}`;
  const queued =
    snapshot === null
      ? ""
      : `, ${snapshot.queue.bulk.found.files} in its queue, ${snapshot.unfinished.length} not finished yet`;
  const unsealed = files.map(
    (record) =>
      `${percentInWords(record.acknowledgedBytes, record.identity.sizeBytes).padStart(5)}  ${sizeInWords(record.identity.sizeBytes).padStart(7)}  ${basename(record.file)}: ${words[record.phase]}${record.recording === null ? "" : ` as ${record.recording}`}${record.problem === null ? "" : `. ${record.problem}`}${record.retryAt === null ? "" : ` Next attempt ${record.retryAt}.`}`,
  );
  const growing = (snapshot?.unfinished ?? []).map(
    ({ file, reason }) => `   --       --  ${basename(file)}: ${reason}`,
  );
  return [`${folder}: ${daemon}${queued}; ${counts.sealed} sealed`, ...unsealed, ...growing];
}
