import type { DeviceState } from "../../generated/prisma/client.ts";

/** Allowed transitions. A revoked device never comes back: its name and custody stay, a new one is enrolled. */
export const deviceTransitions = {
  pending: ["active", "revoked"],
  active: ["suspended", "revoked"],
  suspended: ["active", "revoked"],
  revoked: [],
} as const satisfies Record<DeviceState, readonly DeviceState[]>;

/** The states from which a device can reach `to`. */
export function deviceStatesBefore(to: DeviceState): DeviceState[] {
  return (["pending", "active", "suspended", "revoked"] as const).filter((from) =>
    (deviceTransitions[from] as readonly DeviceState[]).includes(to),
  );
}
