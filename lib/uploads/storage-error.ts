import { isDatabaseAway } from "../database-errors.ts";
import { AppError, isAppError } from "../errors.ts";
import { jitteredSeconds } from "../jitter.ts";

const fullDiskCodes = new Set(["ENOSPC", "EDQUOT", "EFBIG"]);
// PostgreSQL: disk_full. The rows need room too.
const fullDatabaseCodes = new Set(["53100"]);

// Of the medium or the right to it; PostgreSQL's and the network's have other names.
const brokenMediumCodes = new Set(["EIO", "EROFS", "ENXIO", "ENODEV", "ESTALE", "EACCES", "EPERM", "EMFILE", "ENFILE"]);

function codeOf(error: unknown): string {
  return error instanceof Error && "code" in error ? String(error.code) : "";
}

/**
 * What a failure of storage or database means for the sender. A full disk is 507, so that the sender keeps its
 * file and tries later; a database that is away is 503, everything else 500. In all cases nothing more was acknowledged.
 */
export function storageError(error: unknown): AppError {
  if (isAppError(error)) return error;
  const code = codeOf(error);
  if (fullDiskCodes.has(code) || fullDatabaseCodes.has(code)) {
    const message = "The archive's storage is full. Nothing acknowledged was lost; try again later.";
    return new AppError("insufficient_storage", message, { retryAfterSeconds: jitteredSeconds(60, 120), cause: error });
  }
  if (isDatabaseAway(error)) {
    const message = "The archive lost its database. Nothing acknowledged was lost; ask for the offset and go on.";
    return new AppError("unavailable", message, { retryAfterSeconds: jitteredSeconds(2, 10), cause: error });
  }
  return new AppError("internal", "Storage failed. Nothing acknowledged was lost; ask for the offset and try again.", {
    cause: error,
  });
}

/** What the log says of a request that failed: two messages that an operator can be woken by, and one for the rest. */
export function failureMessage(error: unknown): string {
  const code = codeOf(error instanceof AppError ? error.cause : error);
  if (fullDiskCodes.has(code) || fullDatabaseCodes.has(code)) return "STORAGE IS FULL";
  return brokenMediumCodes.has(code) ? "STORAGE FAILED" : "an upload request failed";
}
