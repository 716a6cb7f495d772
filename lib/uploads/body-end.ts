import { AppError } from "../errors.ts";
import { jitteredSeconds } from "../jitter.ts";
import type { AppendResult } from "./append-bytes.ts";

/**
 * What a body that ended early is answered with.
 *
 * @param needsAll a success would say that all of the body is here
 * @returns whether the connection must close
 * @throws AppError for ends that are not a success
 */
export function refuseEnd(result: AppendResult | null, needsAll: boolean): boolean {
  switch (result?.ended) {
    case "idle":
      throw new AppError("idle_timeout", "No byte came for too long; what arrived is kept.");
    case "too_slow":
      throw new AppError("too_slow", "Too few bytes came for too long; what arrived is kept.");
    case "refused":
      throw new AppError("token_invalid", "This device was suspended or revoked; what arrived is kept.");
    case "given_way":
      throw new AppError("locked", "A newer request took this upload over.", {
        retryAfterSeconds: jitteredSeconds(1, 3),
      });
    case "stopping":
      if (!needsAll) return true;
      throw new AppError("unavailable", "The archive is restarting; send the rest of this body again.", {
        retryAfterSeconds: 2,
      });
    case "cut_off":
      return true;
    default:
      return false;
  }
}
