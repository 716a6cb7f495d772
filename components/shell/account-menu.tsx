"use client";

import { ChevronsUpDown, CircleUser, Keyboard, LogOut, Menu as MenuIcon, Monitor, Moon, Sun } from "lucide-react";
import { useTransition } from "react";
import { Menu, MenuChoices, MenuItem, MenuLink, MenuRule } from "@/components/ui/menu";
import type { ThemeMode, TimeMode } from "@/components/ui/preference-cookies";
import { usePreferences } from "@/components/ui/preferences";
import { type NavKey, navEntries } from "./nav-entries";
import { openShortcutHelp } from "./shortcuts";

type AccountMenuProps = {
  name: string;
  /** "Officer". */
  role: string;
  organisation: string;
  signOut: () => Promise<void>;
};

/** Who is signed in; opens colours, times, keys and the way out. */
export function AccountMenu({ name, role, organisation, signOut }: AccountMenuProps) {
  return (
    <Menu
      align="start"
      trigger={
        <button
          type="button"
          className="flex w-full items-center gap-2.5 rounded-md px-2 py-1.5 text-left hover:bg-sunken data-[state=open]:bg-sunken"
        >
          <Initials name={name} />
          <span className="min-w-0 flex-1 leading-tight">
            <span className="block truncate font-semibold text-sm">{name}</span>
            <span className="block truncate text-muted text-xs">{role}</span>
          </span>
          <ChevronsUpDown aria-hidden className="size-4 shrink-0 text-muted" />
        </button>
      }
    >
      <p className="px-2.5 py-1.5 text-muted text-sm">{organisation}</p>
      <MenuRule />
      <AccountItems signOut={signOut} />
    </Menu>
  );
}

/** The last entry of a phone's bar: pages that did not fit, and the account. */
export function MoreMenu({ name, role, organisation, signOut, entries }: AccountMenuProps & { entries: NavKey[] }) {
  return (
    <Menu
      trigger={
        <button
          type="button"
          className="flex min-w-0 flex-1 flex-col items-center gap-0.5 px-1 pt-2 pb-1.5 font-medium text-[0.6875rem] text-muted data-[state=open]:text-accent"
        >
          <MenuIcon aria-hidden className="size-5" strokeWidth={1.75} />
          More
        </button>
      }
    >
      <p className="px-2.5 py-2 text-sm">
        <b className="block font-semibold">{name}</b>
        <span className="text-muted">
          {role}, {organisation}
        </span>
      </p>
      <MenuRule />
      {entries.map((key) => (
        <MenuLink key={key} href={navEntries[key].href} icon={navEntries[key].icon}>
          {navEntries[key].label}
        </MenuLink>
      ))}
      {entries.length > 0 && <MenuRule />}
      <AccountItems signOut={signOut} />
    </Menu>
  );
}

function AccountItems({ signOut }: Pick<AccountMenuProps, "signOut">) {
  const { time, theme, setTime, setTheme } = usePreferences();
  const [pending, startTransition] = useTransition();
  return (
    <>
      <MenuChoices
        label="Times"
        value={time}
        // The casts hold: the choices below are the only values.
        onChange={(value) => setTime(value as TimeMode)}
        choices={[
          { value: "site", label: "Site time" },
          { value: "utc", label: "UTC" },
        ]}
      />
      <MenuRule />
      <MenuChoices
        label="Colours"
        value={theme}
        onChange={(value) => setTheme(value as ThemeMode)}
        choices={[
          { value: "system", label: "Like the system", icon: Monitor },
          { value: "light", label: "Light", icon: Sun },
          { value: "dark", label: "Dark", icon: Moon },
        ]}
      />
      <MenuRule />
      <MenuLink icon={CircleUser} href="/settings">
        Your account
      </MenuLink>
      <MenuItem icon={Keyboard} onSelect={openShortcutHelp}>
        Keyboard shortcuts
      </MenuItem>
      <MenuItem icon={LogOut} disabled={pending} onSelect={() => startTransition(signOut)}>
        Sign out
      </MenuItem>
    </>
  );
}

function Initials({ name }: { name: string }) {
  const words = name.split(/\s+/).filter(Boolean);
  const letters = [words[0], words.length > 1 ? words.at(-1) : undefined].map((word) => word?.[0] ?? "").join("");
  return (
    <span
      aria-hidden
      className="inline-flex size-8 shrink-0 items-center justify-center rounded-full bg-accent-soft font-semibold text-accent text-xs"
    >
      {letters.toUpperCase()}
    </span>
  );
}
