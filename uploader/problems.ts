import type { WaitReason } from "../lib/protocol/index.ts";
import { exitCodes } from "./exit-codes.ts";

/** What a failure asks of us. */
export type ProblemKind =
  /** Try again later; nothing is lost. */
  | "again"
  /** The upload is gone on the server: begin it anew. */
  | "restart"
  /** The token was refused. Keep everything; a person must act. */
  | "authentication"
  /** The archive will never take this as it is, or has quarantined it. */
  | "refused"
  /** The file itself: missing, unreadable, no regular file, empty. */
  | "file"
  /** The file changed while it was read or sent. */
  | "changed"
  /** No progress for as long as we may wait. */
  | "gave_up"
  /** Another uploader holds this file. */
  | "busy"
  /** The command line or a setting is wrong. */
  | "usage";

type ProblemOptions = {
  /** What the server asked for with Retry-After. */
  retryAfterMs?: number | undefined;
  /** Why everything waits until this passes, for `status` and heartbeats. */
  reason?: WaitReason | undefined;
  /** The code of the archive's problem document (RFC 9457). */
  code?: string | null;
  cause?: unknown;
};

/** The one error of the uploader. The message is for people and says what happened and what to do. */
export class Problem extends Error {
  readonly kind: ProblemKind;
  readonly retryAfterMs: number | undefined;
  /** Undefined: it concerns one file alone. */
  readonly reason: WaitReason | undefined;
  readonly code: string | null;

  constructor(kind: ProblemKind, message: string, options: ProblemOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = "Problem";
    this.kind = kind;
    this.retryAfterMs = options.retryAfterMs;
    this.reason = options.reason;
    this.code = options.code ?? null;
  }
}

/** Thrown where work stops because the process was told to end. */
export class Interrupted extends Error {
  constructor() {
    super("interrupted");
    this.name = "Interrupted";
  }
}

const exitCodeOfKind: Record<ProblemKind, number> = {
  again: exitCodes.gaveUp,
  restart: exitCodes.gaveUp,
  authentication: exitCodes.authentication,
  refused: exitCodes.failed,
  file: exitCodes.file,
  changed: exitCodes.file,
  gave_up: exitCodes.gaveUp,
  busy: exitCodes.busy,
  usage: exitCodes.usage,
};

/** The exit code that a failure leads to. */
export function exitCodeOf(problem: Problem): number {
  return exitCodeOfKind[problem.kind];
}

/** The `code` of a system error such as ENOENT; null for anything else. */
export function systemCode(error: unknown): string | null {
  return error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : null;
}

/** The message of anything thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
