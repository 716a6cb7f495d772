import { setTimeout as sleep } from "node:timers/promises";
import type { RequestBody } from "./transport.ts";

/** So much goes out at once; a modem takes that in without falling behind for long. */
const headStartBytes = 16 * 1024;
const stepMs = 250;
const leastStepBytes = 4 * 1024;

/**
 * Reads a body no faster than the link takes it, so that little lies in a modem's buffer when the link breaks: what lies
 * there has been paid for, goes out to nobody, and is sent again.
 *
 * @param bytesPerSecond null: as fast as it is asked for
 */
export function atPace(read: RequestBody["read"], bytesPerSecond: number | null): RequestBody["read"] {
  if (bytesPerSecond === null) return read;
  const beganAtMs = performance.now();
  const stepBytes = Math.max(leastStepBytes, Math.floor((bytesPerSecond * stepMs) / 1000));
  return async (buffer, position, lengthBytes) => {
    const dueMs = beganAtMs + ((position - headStartBytes) / bytesPerSecond) * 1000;
    const restMs = dueMs - performance.now();
    if (restMs > 0) await sleep(restMs);
    return read(buffer, position, Math.min(lengthBytes, stepBytes));
  };
}
