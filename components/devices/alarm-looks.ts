import {
  ClockAlert,
  Copy,
  GitFork,
  HardDrive,
  KeySquare,
  Layers,
  ListX,
  SlidersHorizontal,
  Unplug,
} from "lucide-react";
import type { StateLook } from "@/components/ui/states";
import type { AlarmKind } from "@/lib/fleet/types";

/** How each kind of alarm is shown: what stands at stake is red, what can wait is not. */
export const alarmLooks: Record<AlarmKind, StateLook> = {
  clone: { label: "Perhaps cloned", icon: Copy, tone: "bad", meaning: "Two machines seem to act as one device." },
  chain_fork: { label: "Contradiction", icon: GitFork, tone: "bad", meaning: "It signed one number twice." },
  silent: { label: "Silent", icon: Unplug, tone: "bad", meaning: "Not heard for longer than its policy says." },
  disk_nearly_full: { label: "Disk nearly full", icon: HardDrive, tone: "bad", meaning: "It may soon record nothing." },
  chain_gap: { label: "Numbers missing", icon: ListX, tone: "wait", meaning: "Something that it signed is not here." },
  config_refused: {
    label: "Configuration refused",
    icon: SlidersHorizontal,
    tone: "wait",
    meaning: "It keeps its earlier configuration.",
  },
  clock_off: { label: "Clock is off", icon: ClockAlert, tone: "wait", meaning: "Its times mislead." },
  queue_old: { label: "Behind", icon: Layers, tone: "wait", meaning: "What it recorded should be here by now." },
  key_old: { label: "Key is old", icon: KeySquare, tone: "wait", meaning: "Its policy wants another one." },
};
