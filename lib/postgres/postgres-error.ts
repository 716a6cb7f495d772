/** The embedded PostgreSQL cannot be used; the message says why and what to do. */
export class PostgresError extends Error {
  override name = "PostgresError";
}

/** True for an error of Node's file system or processes with this code, as in ENOENT. */
export function hasCode(error: unknown, ...codes: string[]): boolean {
  return error instanceof Error && "code" in error && codes.includes(String(error.code));
}
