import type { ReactNode } from "react";
import { AccountMenu, MoreMenu } from "@/components/shell/account-menu";
import { BottomBar, Rail } from "@/components/shell/rail";
import { Shortcuts } from "@/components/shell/shortcuts";
import { DefaultZone } from "@/components/ui/preferences";
import { roleNames } from "@/components/ui/states";
import { getSettings } from "@/lib/settings/index.ts";
import { requireContext } from "../_server/context";
import { navigationFor } from "../_server/navigation";
import { signOutAction } from "../_server/sign-out";
import { countWaiting } from "../_server/work";

const placesInBar = 4;

export default async function ConsoleLayout({ children }: { children: ReactNode }) {
  const ctx = await requireContext();
  const [settings, counts] = await Promise.all([getSettings(ctx.db), countWaiting(ctx)]);
  const entries = navigationFor(ctx.actor.role);
  const account = {
    name: ctx.actor.name,
    role: roleNames[ctx.actor.role],
    organisation: ctx.actor.organisationName,
    signOut: signOutAction,
  };
  return (
    <DefaultZone zone={settings.siteTimeZone}>
      <div className="lg:grid lg:grid-cols-[var(--rail)_minmax(0,1fr)]">
        <Rail entries={entries} counts={counts} foot={<AccountMenu {...account} />} />
        <main
          id="main"
          tabIndex={-1}
          className="flex min-h-dvh min-w-0 flex-col outline-none max-lg:pb-16 lg:h-dvh lg:overflow-y-auto print:h-auto print:overflow-visible"
        >
          {children}
        </main>
        <BottomBar
          entries={entries.slice(0, placesInBar)}
          counts={counts}
          more={<MoreMenu {...account} entries={entries.slice(placesInBar)} />}
        />
      </div>
      <Shortcuts entries={entries} />
    </DefaultZone>
  );
}
