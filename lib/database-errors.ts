/**
 * Whether a database error says that a unique constraint refused the row. Read from the code and not by
 * instanceof, because the server and the web bundle each have their own copy of Prisma's classes.
 */
export function isUniqueViolation(error: unknown): boolean {
  return error instanceof Error && "code" in error && error.code === "P2002";
}
