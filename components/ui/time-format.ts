import { formatSpan } from "./format";

/** How a moment is written: 2026-03-14 10:31; 14 Mar 2026, 10:31:04; 14 Mar 2026, 10:31; 14 Mar 2026; 10:31:04; 10:31. */
export type TimeStyle = "table" | "full" | "minute" | "date" | "clock" | "clockMinute";

const cache = new Map<string, Intl.DateTimeFormat>();

function formatterFor(zone: string): Intl.DateTimeFormat {
  const known = cache.get(zone);
  if (known) return known;
  const made = new Intl.DateTimeFormat("en-GB", {
    timeZone: zone,
    hourCycle: "h23",
    year: "numeric",
    month: "short",
    day: "2-digit",
    hour: "2-digit",
    minute: "2-digit",
    second: "2-digit",
    timeZoneName: "short",
  });
  cache.set(zone, made);
  return made;
}

const monthNames = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/**
 * A moment in a zone, as text and the zone's abbreviation ("CET"). Built from numbers, so that server and browser
 * agree whatever their locale data call September.
 */
export function formatTime(at: Date, zone: string, style: TimeStyle): { text: string; zoneName: string } {
  const parts = Object.fromEntries(
    formatterFor(zone)
      .formatToParts(at)
      .map((part) => [part.type, part.value]),
  );
  const month = monthNames.findIndex((name) => parts.month?.startsWith(name)) + 1;
  const { year = "", day = "", hour = "", minute = "", second = "", timeZoneName = "" } = parts;
  const named = `${Number(day)} ${monthNames[month - 1]} ${year}`;
  const texts: Record<TimeStyle, string> = {
    table: `${year}-${String(month).padStart(2, "0")}-${day} ${hour}:${minute}`,
    full: `${named}, ${hour}:${minute}:${second}`,
    minute: `${named}, ${hour}:${minute}`,
    date: named,
    clock: `${hour}:${minute}:${second}`,
    clockMinute: `${hour}:${minute}`,
  };
  return { text: texts[style], zoneName: zone === "UTC" ? "UTC" : timeZoneName };
}

/** "3 h ago", "in 1 day 4 h", "just now". */
export function formatRelative(at: Date, now: Date): string {
  const ms = at.getTime() - now.getTime();
  if (Math.abs(ms) < 10_000) return "just now";
  const span = coarse(Math.abs(ms));
  return ms < 0 ? `${span} ago` : `in ${span}`;
}

// One unit is enough for the past hours; a deadline within days keeps its hours.
function coarse(ms: number): string {
  const hours = ms / 3_600_000;
  if (hours >= 1 && hours < 24) return `${Math.round(hours)} h`;
  return formatSpan(ms);
}
