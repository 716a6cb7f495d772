import { pino } from "pino";

/** What the domain needs of a logger. */
export type Log = Pick<pino.Logger, "debug" | "info" | "warn" | "error"> & { child(bindings: object): Log };

/**
 * Makes the process's logger: one JSON object a line on standard error. Secrets are cut out by name, because a
 * log is read by more people than a token is.
 */
export function createLog(level: string): Log {
  return pino(
    {
      level,
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
    pino.destination(2),
  ) as unknown as Log; // pino's own type names more methods than the domain may use
}
