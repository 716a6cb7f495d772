import "server-only";
import { workLooks } from "@/components/home/work-looks";
import { accountStates, roleNames } from "@/components/ui/states";
import { listAccounts } from "@/lib/people/index.ts";
import type { PersonContext } from "../context";
import type { PlacedWork } from "./index";

/** Invitations that nobody has taken up; without a working link they need a new one. */
export async function peopleWork(ctx: PersonContext): Promise<PlacedWork[]> {
  const accounts = await listAccounts(ctx);
  return accounts
    .filter((account) => account.state === "invited")
    .map((account) => ({
      key: account.id,
      place: "people",
      look: account.linkUntil ? accountStates.invited : workLooks.linkRanOut,
      title: account.name,
      text: `${roleNames[account.role]}, ${account.organisation.name} · ${account.email}`,
      verb: account.linkUntil ? "See" : "Invite again",
      href: `/people?selected=${account.id}`,
      dueAt: null,
      since: account.createdAt,
    }));
}
