import { AppError, isAppError } from "../errors.ts";

const fullDiskCodes = new Set(["ENOSPC", "EDQUOT", "EFBIG"]);
// PostgreSQL: disk_full. The rows need room too.
const fullDatabaseCodes = new Set(["53100"]);

function codeOf(error: unknown): string {
  return error instanceof Error && "code" in error ? String(error.code) : "";
}

/**
 * What a failure of storage or database means for the sender. A full disk is 507, so that the sender keeps its
 * file and tries later; everything else is 500. In both cases nothing more was acknowledged.
 */
export function storageError(error: unknown): AppError {
  if (isAppError(error)) return error;
  const code = codeOf(error);
  if (fullDiskCodes.has(code) || fullDatabaseCodes.has(code)) {
    const message = "The archive's storage is full. Nothing acknowledged was lost; try again later.";
    return new AppError("insufficient_storage", message, { retryAfterSeconds: 60, cause: error });
  }
  return new AppError("internal", "Storage failed. Nothing acknowledged was lost; ask for the offset and try again.", {
    cause: error,
  });
}
