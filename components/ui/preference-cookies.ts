/** Whether times are shown in the zone of their place or in UTC. */
export type TimeMode = "site" | "utc";
/** Colour scheme; `system` follows the machine. */
export type ThemeMode = "system" | "light" | "dark";
/** Whether single letters act as shortcuts (WCAG 2.2, 2.1.4: they can be turned off). */
export type KeysMode = "on" | "off";

/** What a browser remembers about its reader. */
export type Preferences = { time: TimeMode; theme: ThemeMode; keys: KeysMode };

export const cookieNames = { time: "strongroom_time", theme: "strongroom_theme", keys: "strongroom_keys" } as const;

/** Reads the preferences from cookies; what is missing or unknown becomes the default. */
export function readPreferences(cookie: (name: string) => string | undefined): Preferences {
  const theme = cookie(cookieNames.theme);
  return {
    time: cookie(cookieNames.time) === "utc" ? "utc" : "site",
    theme: theme === "light" || theme === "dark" ? theme : "system",
    keys: cookie(cookieNames.keys) === "off" ? "off" : "on",
  };
}

/** Keeps a choice for a year, in the browser. */
export function writePreference(name: string, value: string): void {
  // biome-ignore lint/suspicious/noDocumentCookie: CookieStore needs HTTPS, and the archive may run on plain loopback
  document.cookie = `${name}=${value}; path=/; max-age=31536000; samesite=lax`;
}
