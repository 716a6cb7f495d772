"use client";

import { createContext, type ReactNode, use, useCallback, useEffect, useMemo, useState } from "react";
import {
  cookieNames,
  type KeysMode,
  type Preferences,
  type ThemeMode,
  type TimeMode,
  writePreference,
} from "./preference-cookies";

type PreferencesValue = Preferences & {
  /** The server's clock when the page was made, then this machine's, every 30 s. */
  now: Date;
  setTime: (mode: TimeMode) => void;
  setTheme: (mode: ThemeMode) => void;
  setKeys: (mode: KeysMode) => void;
};

const PreferencesContext = createContext<PreferencesValue | null>(null);

/** How this person wants times and colours; set once in the root layout from cookies, so server and browser agree. */
export function PreferencesProvider({
  initial,
  now: serverNow,
  children,
}: {
  initial: Preferences;
  now: Date;
  children: ReactNode;
}) {
  const [preferences, setPreferences] = useState(initial);
  const [now, setNow] = useState(serverNow);

  useEffect(() => {
    setNow(serverNow);
    const timer = setInterval(() => setNow(new Date()), 30_000);
    return () => clearInterval(timer);
  }, [serverNow]);

  const setTime = useCallback((time: TimeMode) => {
    writePreference(cookieNames.time, time);
    setPreferences((old) => ({ ...old, time }));
  }, []);
  const setTheme = useCallback((theme: ThemeMode) => {
    writePreference(cookieNames.theme, theme);
    if (theme === "system") delete document.documentElement.dataset.theme;
    else document.documentElement.dataset.theme = theme;
    setPreferences((old) => ({ ...old, theme }));
  }, []);
  const setKeys = useCallback((keys: KeysMode) => {
    writePreference(cookieNames.keys, keys);
    setPreferences((old) => ({ ...old, keys }));
  }, []);

  const value = useMemo(
    () => ({ ...preferences, now, setTime, setTheme, setKeys }),
    [preferences, now, setTime, setTheme, setKeys],
  );
  return <PreferencesContext value={value}>{children}</PreferencesContext>;
}

/** The preferences of this browser and the page's clock. */
export function usePreferences(): PreferencesValue {
  const value = use(PreferencesContext);
  if (!value) throw new Error("PreferencesProvider is missing around this component.");
  return value;
}

const DefaultZoneContext = createContext("UTC");

/** The zone of times that belong to no place: the archive's own. */
export function DefaultZone({ zone, children }: { zone: string; children: ReactNode }) {
  return <DefaultZoneContext value={zone}>{children}</DefaultZoneContext>;
}

/** The zone in which to show a time of this place, or of no place. */
export function useZone(zone: string | undefined): string {
  const defaultZone = use(DefaultZoneContext);
  return usePreferences().time === "utc" ? "UTC" : (zone ?? defaultZone);
}
