import { isDatabaseAway } from "./database-errors.ts";
import { jitteredSeconds } from "./jitter.ts";
import { errorCodeHeader } from "./protocol/index.ts";

/**
 * Every way in which Strongroom says no, with its HTTP status (RFC 9110). Codes are stable: clients and the
 * uploader branch on them. Add a row here before throwing a new one, and say it in docs/protocol.md.
 */
export const errorStatus = {
  invalid_input: 400,
  metadata_invalid: 400,
  length_invalid: 400,
  completed_upload: 400,
  digest_mismatch: 400,
  digest_invalid: 400,
  digest_unsupported: 400,
  unauthenticated: 401,
  token_invalid: 401,
  login_failed: 401,
  forbidden: 403,
  not_found: 404,
  method_not_allowed: 405,
  idle_timeout: 408,
  too_slow: 408,
  conflict: 409,
  offset_conflict: 409,
  state_conflict: 409,
  already_approved: 409,
  own_request: 403,
  link_used: 410,
  release_ended: 410,
  /** The key that a manifest or a statement names is unknown, revoked or another device's. */
  manifest_key_unknown: 403,
  manifest_signature_invalid: 403,
  manifest_invalid: 400,
  /** Unknown, used up, out of date or revoked: it is not said which. */
  enrolment_code_invalid: 403,
  /** Used, out of date or another archive's. A fresh one comes with the refusal. */
  nonce_invalid: 400,
  /** What should have been signed by a device's key is not. */
  assertion_invalid: 401,
  device_pending: 403,
  device_suspended: 403,
  device_revoked: 403,
  statement_invalid: 400,
  upload_complete: 403,
  upload_final: 403,
  upload_gone: 410,
  unsupported_version: 412,
  too_large: 413,
  unsupported_media_type: 415,
  range_not_satisfiable: 416,
  locked: 423,
  too_many_requests: 429,
  /** Checksum Mismatch (tus 1.0, Checksum). */
  checksum_mismatch: 460,
  /** A chunk is not what the manifest says. */
  chunk_mismatch: 460,
  client_closed: 499,
  internal: 500,
  upload_damaged: 500,
  unavailable: 503,
  insufficient_storage: 507,
} as const satisfies Record<string, number>;

/** A stable error code. */
export type ErrorCode = keyof typeof errorStatus;

type AppErrorOptions = {
  /** The input field or metadata key that was wrong. */
  field?: string;
  /** More that a program may want to know (RFC 9457, section 3.2, extension members). */
  members?: Readonly<Record<string, string | number>>;
  /** The type that another standard has for this problem, and its members (RFC 9457, 3.2); `code` stays ours. */
  problem?: { type: string; [member: string]: unknown };
  /** For logs only, never shown. */
  internal?: string;
  /** When trying again makes sense (429, 503, 423). */
  retryAfterSeconds?: number;
  /** Methods that are allowed (405). */
  allow?: readonly string[];
  cause?: unknown;
};

/**
 * The one error of the domain. `message` is for the caller and says what was wrong and what to do; what only
 * operators may read goes into `internal`.
 */
export class AppError extends Error {
  readonly code: ErrorCode;
  readonly field: string | undefined;
  readonly members: Readonly<Record<string, string | number>>;
  readonly internal: string | undefined;
  readonly retryAfterSeconds: number | undefined;
  readonly problem: AppErrorOptions["problem"];
  readonly allow: readonly string[] | undefined;

  constructor(code: ErrorCode, message: string, options: AppErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = "AppError";
    this.code = code;
    this.field = options.field;
    this.members = options.members ?? {};
    this.internal = options.internal;
    this.retryAfterSeconds = options.retryAfterSeconds;
    this.problem = options.problem;
    this.allow = options.allow;
  }

  /** The HTTP status of this error's code. */
  get status(): number {
    return errorStatus[this.code];
  }
}

/**
 * What a caller may not know of looks exactly like what does not exist: this error is built fresh, with no
 * trace of why.
 */
export function notFound(what: string): AppError {
  return new AppError("not_found", `No such ${what}.`);
}

/** True for AppError, also when it was made by another copy of this module (server and web bundle have one each). */
export function isAppError(error: unknown): error is AppError {
  return error instanceof Error && error.name === "AppError" && "code" in error;
}

function unexpected(error: unknown): AppError {
  if (!isDatabaseAway(error))
    return new AppError("internal", "Something went wrong on our side. Nothing was lost; try again.");
  const message = "The archive cannot reach its database now. Nothing acknowledged was lost; try again in a moment.";
  return new AppError("unavailable", message, { retryAfterSeconds: jitteredSeconds(2, 10) });
}

/**
 * RFC 9457 problem details of any error; what is not an AppError shows nothing of itself.
 *
 * @param requestId by which a person can name this occurrence, and an operator find it in the log
 */
export function toProblem(
  error: unknown,
  requestId?: string,
): {
  status: number;
  body: Record<string, unknown>;
  headers: Record<string, string>;
} {
  const known = isAppError(error) ? error : unexpected(error);
  const headers: Record<string, string> = {
    "Content-Type": "application/problem+json",
    "Cache-Control": "no-store",
    [errorCodeHeader]: known.code,
  };
  if (known.retryAfterSeconds !== undefined) headers["Retry-After"] = String(known.retryAfterSeconds);
  const body: Record<string, unknown> = {
    type: `urn:strongroom:error:${known.code}`,
    title: known.message,
    status: errorStatus[known.code],
    code: known.code,
    ...known.members,
  };
  if (known.allow !== undefined) headers.Allow = known.allow.join(", ");
  if (known.field !== undefined) body.field = known.field;
  Object.assign(body, known.problem);
  // "A URI reference that identifies the specific occurrence of the problem" (RFC 9457, 3.1.5).
  if (requestId !== undefined) body.instance = `urn:strongroom:request:${requestId}`;
  return { status: errorStatus[known.code], body, headers };
}
