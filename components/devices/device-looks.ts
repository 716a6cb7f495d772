import { ArrowUpFromLine, CircleDashed, Clock3, Coffee, KeySquare, TriangleAlert, Unplug } from "lucide-react";
import { deviceStates, type StateLook } from "@/components/ui/states";
import type { Condition, FleetRow } from "@/lib/fleet/types";

type Look = Pick<FleetRow, "condition" | "waiting" | "alarms">;

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

/** Each word for what a device does now, by itself. */
export const conditionLooks: Record<Condition, StateLook> = {
  pending: deviceStates.pending,
  suspended: deviceStates.suspended,
  revoked: deviceStates.revoked,
  silent: { label: "Silent", icon: Unplug, tone: "bad", meaning: "Not heard from for longer than its policy allows." },
  trouble: { label: "Trouble", icon: TriangleAlert, tone: "bad", meaning: "Something urgent is wrong with it." },
  waiting: {
    label: "Waiting",
    icon: Clock3,
    tone: "wait",
    meaning: "It has something to send, and says that it waits.",
  },
  sending: { label: "Sending", icon: ArrowUpFromLine, tone: "ok", meaning: "Recordings are on their way." },
  idle: { label: "Idle", icon: Coffee, tone: "plain", meaning: "All that it has is here." },
  never_seen: { label: "Never seen", icon: CircleDashed, tone: "info", meaning: "Added, and has never called." },
  uploads_only: {
    label: "Uploads only",
    icon: KeySquare,
    tone: "plain",
    meaning: "Uploads with a plain token and tells nothing of itself.",
  },
};

/** What this device does now, with what it or an alarm says of it. */
export function deviceLook({ condition, waiting, alarms: [alarm] }: Look): StateLook {
  const look = conditionLooks[condition];
  if (condition === "trouble" && alarm !== undefined) return { ...look, meaning: alarm.sentence };
  if (condition !== "waiting" || waiting === null) return look;
  const why = waitWords[waiting.reason];
  return {
    ...look,
    label: why === undefined ? look.label : `Waiting: ${why}`,
    meaning: waiting.detail || look.meaning,
  };
}
