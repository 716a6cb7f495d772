import type { DeviceState } from "../../generated/prisma/client.ts";
import { AppError } from "../errors.ts";
import { jitteredSeconds } from "../jitter.ts";

/** Why a device that proved who it is may do nothing now. */
export function deviceStateRefusal(state: DeviceState): AppError {
  if (state === "pending") {
    const message = "This device has enrolled and was not approved yet.";
    return new AppError("device_pending", message, { retryAfterSeconds: jitteredSeconds(10, 20) });
  }
  if (state === "suspended") return new AppError("device_suspended", "This device is suspended.");
  return new AppError("device_revoked", "This device was revoked. It can enrol anew, with a new key and a new code.");
}
