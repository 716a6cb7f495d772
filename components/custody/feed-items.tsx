import type { ReactNode } from "react";
import { IdText } from "@/components/ui/digest";
import type { FeedItem } from "@/components/ui/feed";
import { formatBytes, formatSpan } from "@/components/ui/format";
import { roleNames } from "@/components/ui/states";
import { Time } from "@/components/ui/time";
import type { CustodyEventRow } from "@/lib/custody/types";

/** Custody events as items of a feed. `zone`: of the place that they are about. */
export function toFeedItems(events: CustodyEventRow[], zone?: string): FeedItem[] {
  return events.map((event) => ({
    key: event.seq,
    at: event.at,
    zone,
    actor: event.actorName,
    role: actorRole(event),
    sentence: event.outcome === "done" ? event.sentence : `${event.sentence} (${event.outcome})`,
    purpose: event.purpose,
    details: detailWords(event.details, zone),
    weight: weightOf(event),
    note: event.requestId && <IdText id={event.requestId} />,
  }));
}

/** The same without details, for a glance. */
export function toShortFeedItems(events: CustodyEventRow[], zone?: string): FeedItem[] {
  return toFeedItems(events, zone).map((item) => ({ ...item, details: [] }));
}

/** What the actor is, as one word. */
export function actorRole(event: Pick<CustodyEventRow, "actorKind" | "actorRole">): string | undefined {
  if (event.actorRole) return roleNames[event.actorRole];
  return { person: undefined, device: "Device", system: "Archive", nobody: "Not signed in" }[event.actorKind];
}

const keyActions = new Set([
  "recording.received",
  "recording.sealed",
  "request.submitted",
  "request.approved",
  "release.opened",
  "recording.opened",
]);
const badActions = new Set([
  "manifest.gap_found",
  "manifest.fork_found",
  "recording.quarantined",
  "release.withdrawn",
  "login.failed",
  "access.refused",
]);

function weightOf(event: CustodyEventRow): FeedItem["weight"] {
  if (event.outcome !== "done" || badActions.has(event.action)) return "bad";
  return keyActions.has(event.action) ? "key" : undefined;
}

/** The details of an event as words: the unit at the end of a name decides how its value reads. */
export function detailWords(
  details: Record<string, unknown> | null,
  zone?: string,
): { label: string; value: ReactNode }[] {
  return Object.entries(details ?? {})
    .filter(([, value]) => !isNothing(value))
    .map(([name, value]) => ({ label: labelOf(name), value: valueWords(name, value, zone) }));
}

function isNothing(value: unknown): boolean {
  if (value === null || value === undefined || value === "") return true;
  return typeof value === "object" && Object.keys(value).length === 0;
}

const units = /(Bytes|Ms)$/;

function labelOf(name: string): string {
  const spaced = name
    .replace(units, "")
    .replaceAll(/([a-z])([A-Z])/g, "$1 $2")
    .replaceAll(/[_.]/g, " ");
  return spaced.toLowerCase().replace("sha256", "SHA-256");
}

function valueWords(name: string, value: unknown, zone: string | undefined): ReactNode {
  const unit = units.exec(name)?.[1];
  if (typeof value === "number" && unit === "Bytes") return formatBytes(value);
  if (typeof value === "number" && unit === "Ms") return formatSpan(value);
  if (typeof value === "boolean") return value ? "yes" : "no";
  if (typeof value === "string") {
    if (/^[0-9a-f]{64}$/.test(value)) return <span className="mono">{`${value.slice(0, 8)}…${value.slice(-4)}`}</span>;
    if (/^\d{4}-\d\d-\d\dT[\d:.]+Z$/.test(value)) return <Time at={new Date(value)} zone={zone} />;
    if (/^[A-Z]-[0-9A-Z]{5}-[0-9A-Z]{5}$/.test(value)) return <IdText id={value} />;
    return /^[a-z_]+$/.test(value) ? value.replaceAll("_", " ") : value;
  }
  if (typeof value === "number") return String(value);
  if (Array.isArray(value) && value.every((part) => typeof part === "string")) return value.join(", ");
  return <span className="mono">{JSON.stringify(value)}</span>;
}
