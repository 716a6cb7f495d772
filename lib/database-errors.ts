/**
 * Whether a database error says that a unique constraint refused the row. Read from the code and not by
 * instanceof, because the server and the web bundle each have their own copy of Prisma's classes.
 */
export function isUniqueViolation(error: unknown): boolean {
  return error instanceof Error && "code" in error && error.code === "P2002";
}

// PostgreSQL: connection exceptions, shutdown, crash and start-up (Appendix A, classes 08 and 57P).
const awayState = /\b(?:08\d{3}|57P0[1-3])\b/;
/** Of Node's sockets; a database on another machine is away in more ways than one. */
const awayCodes = new Set(["ECONNREFUSED", "ECONNRESET", "EHOSTUNREACH", "ENETUNREACH", "ETIMEDOUT", "ENOTFOUND"]);
/** A connection that broke under a query, or could not be had in time: the driver says so in words alone. */
const awayWords =
  /^(?:Connection terminated|timeout exceeded when trying to connect|Client (?:has encountered a connection error|was closed))/;
/** Prisma: unreachable, timed out, closed, no connection free in time. */
const awayPrismaCodes = new Set(["P1001", "P1002", "P1008", "P1017", "P2024"]);

const awayRawWords = /Can't reach database server|Server has closed the connection/;

/**
 * Whether an error says that the database cannot be reached now, by whichever driver asked it. What was being done
 * may or may not have happened: as with any answer that is lost, the sender asks and goes on.
 */
export function isDatabaseAway(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  if (!("code" in error)) return awayWords.test(error.message);
  const code = String(error.code);
  if (awayPrismaCodes.has(code)) return true;
  // A raw query's own failure wears one code for all, and says in its message what it was.
  if (code === "P2010") return awayState.test(error.message) || awayRawWords.test(error.message);
  return (awayCodes.has(code) && "syscall" in error) || awayState.test(code);
}
