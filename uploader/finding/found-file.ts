import type { FileIdentity } from "../file-identity.ts";
import type { NotYet, ReadyFile } from "../ready-file.ts";
import type { CaptureHints, SidecarFile, SidecarProblem } from "../sidecars/index.ts";

/**
 * What shows that a recording is finished, the surest first: it was renamed into place, a marker lies beside it, a
 * hook said so, a segment list names it; or it merely lay still, and its container reaches its end.
 */
export type CompletionProof = "renamed" | "marker" | "hook" | "list" | "settled";

/** A recording that may be taken. */
export type FoundFile = {
  path: string;
  /** In which the proof was found; ready() takes the file in no other. */
  identity: FileIdentity;
  proof: CompletionProof;
  /** What marker, hook and sidecars say about it. */
  hints: CaptureHints;
  /** Those that are right; they belong in the manifest. */
  sidecars: readonly SidecarFile[];
  /** Sidecars that cannot go along, and why; they stay on the disk and belong in the uploader's remarks. */
  badSidecars: readonly SidecarProblem[];
  /** Opens it, synced; or says why not yet. @throws Problem "file" when it is gone or no regular file any more */
  ready(): Promise<ReadyFile | NotYet>;
};

/** How far the queue is with a file: it does not know it as it is; it has it in hand; that is written down durably. */
export type Standing = "new" | "taken" | "written";

/** What the finder asks of the queue. */
export type Ledger = {
  standingOf(path: string, identity: FileIdentity): Standing;
  /** Identity in which the file was found finished before, by an earlier process perhaps; null: in none. */
  settledAs(path: string): FileIdentity | null;
  /** Names of the sidecars that went along with a file; null when that is not known. */
  sidecarsOf(path: string): Promise<readonly string[] | null>;
  /** A marker or a hook says more about a file that is taken already. Comes again with every scan. */
  mark(path: string, hints: CaptureHints): void;
};
