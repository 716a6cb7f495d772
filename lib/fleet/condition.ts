import type { Condition, FleetRow } from "./types.ts";

type Known = Pick<FleetRow, "state" | "isSilent" | "heartbeatAt" | "lastContactAt" | "waiting" | "queue" | "alarms">;

/** What a device does now, in one word: what needs somebody before what goes by itself. */
export function conditionOf(device: Known): Condition {
  if (device.state !== "active") return device.state;
  if (device.isSilent) return "silent";
  if (device.alarms[0]?.weight === "urgent") return "trouble";
  if (device.heartbeatAt === null) return device.lastContactAt === null ? "never_seen" : "uploads_only";
  if (device.waiting !== null && device.waiting.reason !== "nothing") return "waiting";
  return (device.queue?.files ?? 0) > 0 ? "sending" : "idle";
}
