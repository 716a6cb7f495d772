import { ArrowUpFromLine, CircleDashed, Clock3, Coffee, KeySquare, TriangleAlert, Unplug } from "lucide-react";
import { deviceStates, type StateLook } from "@/components/ui/states";
import type { FleetRow } from "@/lib/fleet/types";

type Look = Pick<FleetRow, "state" | "isSilent" | "heartbeatAt" | "lastContactAt" | "waiting" | "queue" | "alarms">;

/** Why a device waits, in a word or two after "Waiting". */
const waitWords: Record<string, string> = {
  offline: "no network",
  captive_portal: "sign-in page",
  metered: "paid link",
  budget: "data budget",
  timetable: "timetable",
  server: "archive",
  token: "token refused",
  pending: "approval",
  suspended: "suspended",
  revoked: "revoked",
  disk: "disk",
  clock: "clock",
  hashing: "reading files",
  paused: "paused",
};

/** What a device does now, as one word and icon: what needs somebody before what goes by itself. */
export function deviceLook(device: Look): StateLook {
  if (device.state !== "active") return deviceStates[device.state];
  if (device.isSilent)
    return { label: "Silent", icon: Unplug, tone: "bad", meaning: "Not heard from for longer than its policy allows." };
  const [alarm] = device.alarms;
  if (alarm?.weight === "urgent")
    return { label: "Trouble", icon: TriangleAlert, tone: "bad", meaning: alarm.sentence };
  if (device.heartbeatAt === null) return withoutHeartbeat(device);
  if (device.waiting !== null && device.waiting.reason !== "nothing") return waiting(device.waiting);
  if ((device.queue?.files ?? 0) > 0)
    return { label: "Sending", icon: ArrowUpFromLine, tone: "ok", meaning: "Recordings are on their way." };
  return { label: "Idle", icon: Coffee, tone: "plain", meaning: "All that it has is here." };
}

function waiting({ reason, detail }: { reason: string; detail: string }): StateLook {
  const why = waitWords[reason];
  return {
    label: why === undefined ? "Waiting" : `Waiting: ${why}`,
    icon: Clock3,
    tone: "wait",
    meaning: detail || "It says that it waits.",
  };
}

function withoutHeartbeat({ lastContactAt }: Look): StateLook {
  if (lastContactAt === null)
    return { label: "Never seen", icon: CircleDashed, tone: "info", meaning: "Added, and has never called." };
  return {
    label: "Uploads only",
    icon: KeySquare,
    tone: "plain",
    meaning: "Uploads with a plain token and tells nothing of itself.",
  };
}
