import {
  Archive,
  ArrowDownToLine,
  Ban,
  CircleCheck,
  CircleHelp,
  CircleOff,
  CirclePause,
  CircleX,
  Clock,
  Hourglass,
  Inbox,
  LoaderCircle,
  type LucideIcon,
  Mail,
  PackageOpen,
  ScanSearch,
  ShieldAlert,
  ShieldCheck,
  Undo2,
  UserCheck,
} from "lucide-react";
import type { RequestRow } from "@/lib/access/types";
import type { RecordingRow } from "@/lib/recordings/types";

/** What a colour stands for; it never stands alone. */
export type Tone = "ok" | "wait" | "bad" | "hold" | "info" | "plain";

/** How a state is shown everywhere: one word, one icon, one tone, and a sentence of what it means. */
export type StateLook = { label: string; icon: LucideIcon; tone: Tone; meaning: string };

const neverReceived: StateLook = {
  label: "Never received",
  icon: CircleOff,
  tone: "plain",
  meaning: "The upload ended before every byte was here; what had arrived is gone.",
};

/** How one recording's state is shown: one that was abandoned goes on arriving in name only. */
export function recordingLook({ state, isAbandoned }: Pick<RecordingRow, "state" | "isAbandoned">): StateLook {
  return isAbandoned ? neverReceived : recordingStates[state];
}

export const recordingStates: Record<RecordingRow["state"], StateLook> = {
  receiving: { label: "Receiving", icon: ArrowDownToLine, tone: "info", meaning: "Chunks are still arriving." },
  received: {
    label: "Verifying",
    icon: LoaderCircle,
    tone: "wait",
    meaning: "Every byte arrived; it is being read back.",
  },
  sealed: { label: "Sealed", icon: ShieldCheck, tone: "ok", meaning: "Read back from storage and found intact." },
  quarantined: {
    label: "Quarantined",
    icon: ShieldAlert,
    tone: "bad",
    meaning: "A check failed. Kept, and cannot be released.",
  },
  disposed: { label: "Disposed", icon: Archive, tone: "plain", meaning: "Destroyed or transferred by decision." },
};

export const requestStates: Record<RequestRow["state"], StateLook> = {
  submitted: { label: "New", icon: Inbox, tone: "info", meaning: "Nobody has taken it up yet." },
  in_review: { label: "In review", icon: ScanSearch, tone: "wait", meaning: "An officer is finding what matches." },
  approved: {
    label: "Waiting for second approval",
    icon: Hourglass,
    tone: "wait",
    meaning: "One officer approved; a different one must too.",
  },
  released: { label: "Released", icon: PackageOpen, tone: "ok", meaning: "The requester can download." },
  closed: { label: "Closed", icon: CircleCheck, tone: "plain", meaning: "Answered and finished." },
  denied: { label: "Denied", icon: Ban, tone: "bad", meaning: "Refused, with a reason." },
  withdrawn: { label: "Withdrawn", icon: Undo2, tone: "plain", meaning: "Taken back by the requester." },
  expired: { label: "Expired", icon: Clock, tone: "plain", meaning: "The release ran out." },
};

export const deviceStates: Record<"pending" | "active" | "suspended" | "revoked", StateLook> = {
  pending: {
    label: "Pending approval",
    icon: UserCheck,
    tone: "info",
    meaning: "Has enrolled; somebody must let it in.",
  },
  active: { label: "Active", icon: CircleCheck, tone: "ok", meaning: "May upload." },
  suspended: { label: "Suspended", icon: CirclePause, tone: "wait", meaning: "Refused for now." },
  revoked: { label: "Revoked", icon: Ban, tone: "bad", meaning: "Refused for good." },
};

export const accountStates: Record<"invited" | "active" | "disabled", StateLook> = {
  invited: { label: "Invited", icon: Mail, tone: "info", meaning: "Has not taken up the invitation yet." },
  active: { label: "Active", icon: CircleCheck, tone: "ok", meaning: "Can sign in." },
  disabled: { label: "Disabled", icon: Ban, tone: "plain", meaning: "Cannot sign in." },
};

export const matchDecisions: Record<"included" | "excluded" | "unavailable" | "undecided", StateLook> = {
  included: { label: "Included", icon: CircleCheck, tone: "ok", meaning: "Goes out with the release." },
  excluded: { label: "Left out", icon: CircleX, tone: "plain", meaning: "Found, and left out with a reason." },
  unavailable: { label: "Cannot be given", icon: Ban, tone: "wait", meaning: "Asked for, and cannot be given." },
  undecided: { label: "Not decided", icon: CircleHelp, tone: "info", meaning: "Found; nobody has decided yet." },
};

export const outcomes: Record<"done" | "refused" | "failed", StateLook> = {
  done: { label: "Done", icon: CircleCheck, tone: "ok", meaning: "It happened." },
  refused: { label: "Refused", icon: Ban, tone: "bad", meaning: "Not allowed; nothing changed." },
  failed: { label: "Failed", icon: CircleX, tone: "wait", meaning: "Tried, and did not work." },
};

export const roleNames: Record<"admin" | "officer" | "requester" | "auditor", string> = {
  admin: "Administrator",
  officer: "Officer",
  requester: "Requester",
  auditor: "Auditor",
};
