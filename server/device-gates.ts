import { DeviceGate } from "../lib/devices/index.ts";
import type { Services } from "../lib/services.ts";

const gates = new WeakMap<Services, DeviceGate>();

/** What limits devices in this process: once here and, as the web bundle has its own copy of every module, once there. */
export function deviceGateOf(services: Services): DeviceGate {
  const gate = gates.get(services) ?? new DeviceGate(services.env.deviceLimits);
  gates.set(services, gate);
  return gate;
}
