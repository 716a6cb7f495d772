import "server-only";
import type { NavKey } from "@/components/shell/nav-entries";
import type { Person } from "@/lib/people/index.ts";
import { roleMay } from "@/lib/people/index.ts";

/** The places that a role has, in order. A requester sees the same two lists under their own names. */
export function navigationFor(role: Person["role"]): NavKey[] {
  if (role === "requester") return ["home", "ask", "my-requests", "released"];
  const entries: (NavKey | false)[] = [
    "home",
    roleMay(role, "recordings.list") && "recordings",
    roleMay(role, "requests.read") && "requests",
    roleMay(role, "devices.list") && "devices",
    roleMay(role, "custody.read") && "custody",
    roleMay(role, "people.list") && "people",
    roleMay(role, "settings.read") && "settings",
  ];
  return entries.filter((entry) => entry !== false);
}
