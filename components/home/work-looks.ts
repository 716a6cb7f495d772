import { ClockAlert, MailWarning, RadioTower, Unplug } from "lucide-react";
import type { StateLook } from "@/components/ui/states";

/** Kinds of waiting that are no state of a recording or request. */
export const workLooks = {
  stalled: {
    label: "Stalled",
    icon: ClockAlert,
    tone: "wait",
    meaning: "The upload stopped and its device is silent.",
  },
  silent: { label: "Silent", icon: Unplug, tone: "wait", meaning: "Not heard from for more than a day." },
  neverSeen: { label: "Never seen", icon: RadioTower, tone: "info", meaning: "Added, and has never called." },
  linkRanOut: {
    label: "Link ran out",
    icon: MailWarning,
    tone: "wait",
    meaning: "The invitation can no longer be taken up.",
  },
} as const satisfies Record<string, StateLook>;
