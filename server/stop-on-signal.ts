import type { Log } from "../lib/log.ts";
import type { ArchiveServer } from "./create-server.ts";

/** Of the time to stop, what the closing of the rest may have. */
const closingShare = 0.3;

type StopParts = {
  server: Pick<ArchiveServer, "stop">;
  /** Closes everything else. */
  close: () => Promise<void>;
  graceMs: number;
  log: Log;
};

/**
 * Ends the process on SIGTERM or Ctrl-C: running uploads end at a durable offset, then everything closes. Within
 * `graceMs` it is gone, whatever a client, the database or the medium does: nothing that was promised needs more. A
 * second signal ends it at once.
 */
export function stopOnSignal({ server, close, graceMs, log }: StopParts): void {
  let isStopping = false;
  const stop = () => {
    if (isStopping) process.exit(1);
    isStopping = true;
    console.log("Stopping …");
    setTimeout(() => {
      log.warn({ graceMs }, "not everything closed in time; what was acknowledged is durable");
      process.exit(0);
    }, graceMs);
    server
      .stop(graceMs * (1 - closingShare))
      .then(close)
      .then(
        () => process.exit(0),
        (error: unknown) => {
          console.error(error);
          process.exit(1);
        },
      );
  };
  process.on("SIGTERM", stop);
  process.on("SIGINT", stop);
}
