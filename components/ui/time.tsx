"use client";

import { cx } from "./cx";
import { usePreferences, useZone } from "./preferences";
import { formatRelative, formatTime, type TimeStyle } from "./time-format";

type TimeProps = {
  at: Date;
  /** IANA zone of the place; without it the archive's own. Ignored while the reader wants UTC. */
  zone?: string | undefined;
  style?: TimeStyle;
  /** Leaves the abbreviation out, where a column head or a second time says it. */
  hideZone?: boolean;
  className?: string;
};

/** A moment, in the zone that the reader chose, with its abbreviation. */
export function Time({ at, zone, style = "full", hideZone = false, className }: TimeProps) {
  const { text, zoneName } = formatTime(at, useZone(zone), style);
  return (
    <time dateTime={at.toISOString()} className={cx("whitespace-nowrap", className)} suppressHydrationWarning>
      {text}
      {!hideZone && <span className="text-muted"> {zoneName}</span>}
    </time>
  );
}

type TimeIntervalProps = {
  from: Date;
  until: Date;
  zone?: string | undefined;
  /** Leaves the seconds out, for intervals that people typed. */
  hideSeconds?: boolean;
};

/** From one moment to another; the day is said once when it is the same. */
export function TimeInterval({ from, until, zone, hideSeconds = false }: TimeIntervalProps) {
  const shown = useZone(zone);
  const sameDay = formatTime(from, shown, "date").text === formatTime(until, shown, "date").text;
  const [full, clock] = hideSeconds ? (["minute", "clockMinute"] as const) : (["full", "clock"] as const);
  return (
    <span>
      <Time at={from} zone={zone} style={full} hideZone /> to{" "}
      <Time at={until} zone={zone} style={sameDay ? clock : full} />
    </span>
  );
}

type RelativeTimeProps = {
  at: Date;
  zone?: string | undefined;
  className?: string;
  /** False inside a link or button, which takes the focus itself. */
  focusable?: boolean;
};

/** "3 h ago" with the absolute time on hover and focus, and for screen readers. */
export function RelativeTime({ at, zone, className, focusable = true }: RelativeTimeProps) {
  const { now } = usePreferences();
  const { text, zoneName } = formatTime(at, useZone(zone), "full");
  return (
    <time
      dateTime={at.toISOString()}
      // The absolute time must be reachable without a mouse
      tabIndex={focusable ? 0 : undefined}
      data-tip={`${text} ${zoneName}`}
      className={cx("has-tip whitespace-nowrap", className)}
      suppressHydrationWarning
    >
      {formatRelative(at, now)}
      <span className="sr-only">
        , {text} {zoneName}
      </span>
    </time>
  );
}

/** A deadline: how long is left, in words, warmer as it nears. */
export function Deadline({ at, zone }: { at: Date; zone?: string | undefined }) {
  const { now } = usePreferences();
  const leftMs = at.getTime() - now.getTime();
  const tone = leftMs < 0 ? "text-bad" : leftMs < 2 * 86_400_000 ? "text-wait" : "";
  return (
    <span className={cx("whitespace-nowrap", tone && "font-semibold", tone)}>
      {leftMs < 0 && "overdue, "}
      <RelativeTime at={at} zone={zone} />
    </span>
  );
}
