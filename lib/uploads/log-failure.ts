import type { Context } from "../context.ts";
import { isAppError } from "../errors.ts";
import type { UploadRow } from "./internal.ts";
import { failureMessage } from "./storage-error.ts";

/** Says in the log why an upload's request failed, unless that is its sender's matter. */
export function logFailure(ctx: Context, error: unknown, upload: UploadRow | null): void {
  const cause = error instanceof Error ? error.cause : undefined;
  // A server that stops is nobody's failure.
  if (isAppError(error) && (error.status < 500 || (error.code === "unavailable" && cause === undefined))) return;
  // A refusal for want of room is foreseen; a full disk in the middle of a write has a cause, and is not.
  if (isAppError(error) && error.code === "insufficient_storage" && cause === undefined)
    ctx.log.warn({ err: error }, "an announcement was refused for want of room");
  else ctx.log.error({ err: error, cause, uploadId: upload?.id }, failureMessage(error));
}
