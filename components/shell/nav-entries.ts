import {
  ClipboardPen,
  Router as DeviceIcon,
  Film,
  House,
  type LucideIcon,
  Scale,
  ScrollText,
  Settings2,
  SquarePlay,
  Users,
} from "lucide-react";

/** A place in the navigation. */
export type NavKey =
  | "home"
  | "recordings"
  | "requests"
  | "devices"
  | "custody"
  | "people"
  | "settings"
  | "ask"
  | "my-requests"
  | "released";

/** How each place is called, drawn and reached; `letter` follows `g` on the keyboard. */
export const navEntries: Record<NavKey, { href: string; label: string; icon: LucideIcon; letter: string }> = {
  home: { href: "/", label: "Home", icon: House, letter: "h" },
  recordings: { href: "/recordings", label: "Recordings", icon: Film, letter: "r" },
  requests: { href: "/requests", label: "Requests", icon: Scale, letter: "q" },
  devices: { href: "/devices", label: "Devices", icon: DeviceIcon, letter: "d" },
  custody: { href: "/custody", label: "Custody log", icon: ScrollText, letter: "c" },
  people: { href: "/people", label: "People", icon: Users, letter: "p" },
  settings: { href: "/settings", label: "Settings", icon: Settings2, letter: "s" },
  ask: { href: "/ask", label: "Ask for a recording", icon: ClipboardPen, letter: "a" },
  "my-requests": { href: "/requests", label: "My requests", icon: Scale, letter: "q" },
  released: { href: "/recordings", label: "Released to me", icon: SquarePlay, letter: "r" },
};
