import { pino } from "pino";

/** What the domain needs of a logger. */
export type Log = Pick<pino.Logger, "debug" | "info" | "warn" | "error"> & { child(bindings: object): Log };

/** What a log may say of an error. Drivers hang whole connections on theirs, with keys and parameters. */
type LoggedError = { type: string; message: string; code?: string; stack?: string; cause?: LoggedError };

function loggedError(error: unknown): LoggedError {
  if (!(error instanceof Error)) return { type: typeof error, message: String(error) };
  const { name, message, stack, cause } = error;
  const internal =
    "internal" in error && typeof error.internal === "string" ? `${message} (${error.internal})` : message;
  return {
    type: name,
    message: internal,
    ...("code" in error && typeof error.code === "string" && { code: error.code }),
    ...(stack !== undefined && { stack }),
    ...(cause !== undefined && { cause: loggedError(cause) }),
  };
}

/**
 * Makes the process's logger: one JSON object a line on standard error. Secrets are cut out by name, because a
 * log is read by more people than a token is.
 */
export function createLog(level: string, destination: pino.DestinationStream = pino.destination(2)): Log {
  return pino(
    {
      level,
      serializers: { err: loggedError },
      redact: {
        paths: [
          "token",
          "password",
          "secret",
          "authorization",
          "cookie",
          "*.token",
          "*.password",
          "*.secret",
          "*.authorization",
          "*.cookie",
        ],
        censor: "[cut]",
      },
    },
    destination,
  ) as unknown as Log; // pino's own type names more methods than the domain may use
}
