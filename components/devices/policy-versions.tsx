import { formatBytes, formatSpan } from "@/components/ui/format";
import { RelativeTime } from "@/components/ui/time";
import type { PolicyDetail } from "@/lib/fleet/types";

type Version = PolicyDetail["versions"][number];

/** Who made a version, by its number. */
export type VersionAuthors = ReadonlyMap<number, string>;

/** The versions of a policy, newest first, each with what it changed and by whom. */
export function PolicyVersions({ versions, authors }: { versions: Version[]; authors: VersionAuthors }) {
  return (
    <ol aria-label="Versions, newest first" className="divide-y divide-line text-sm">
      {versions.map((version, index) => {
        const before = versions[index + 1];
        return (
          <li key={version.version} className="grid gap-1 py-2.5 first:pt-0 last:pb-0">
            <p className="flex flex-wrap gap-x-2">
              <b className="font-semibold">Version {version.version}</b>
              <span className="text-muted">
                {authors.get(version.version) ?? "The archive"}, <RelativeTime at={version.createdAt} />
              </span>
            </p>
            {before ? <Changes before={before} after={version} /> : <p className="text-muted">How it began.</p>}
          </li>
        );
      })}
    </ol>
  );
}

function Changes({ before, after }: { before: Version; after: Version }) {
  const changes = differencesOf(rulesOf(before), rulesOf(after));
  if (changes.length === 0) return <p className="text-muted">The same as before.</p>;
  return (
    <ul className="grid gap-0.5">
      {changes.map(({ name, from, to }) => (
        <li key={name} className="wrap-anywhere">
          <span className="text-muted">{labelOf(name)}:</span> {wordsOf(name, from)}{" "}
          <span aria-hidden className="text-muted">
            →
          </span>
          <span className="sr-only">is now</span> {wordsOf(name, to)}
        </li>
      ))}
    </ul>
  );
}

const rulesOf = ({ silentAfterSeconds, keyMaxAgeDays, settings }: Version) => ({
  silentAfterSeconds,
  keyMaxAgeDays,
  ...settings,
});

type Change = { name: string; from: unknown; to: unknown };

/** Every value that is another one now, by its path with dots. */
function differencesOf(before: unknown, after: unknown, name = ""): Change[] {
  if (isGroup(before) && isGroup(after)) {
    const keys = [...new Set([...Object.keys(before), ...Object.keys(after)])];
    return keys.flatMap((key) => differencesOf(before[key], after[key], name === "" ? key : `${name}.${key}`));
  }
  return JSON.stringify(before) === JSON.stringify(after) ? [] : [{ name, from: before, to: after }];
}

function isGroup(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

const labels: Record<string, string> = {
  silentAfterSeconds: "Silent after",
  keyMaxAgeDays: "New key after (days)",
  heartbeatSeconds: "Heartbeat every",
  "transfer.parallel": "Recordings at once",
  "transfer.rateBytesPerSecond": "At most a second",
  "transfer.timetable": "Hours with a limit",
  "transfer.metered.interfaces": "Interfaces that cost money",
  "transfer.metered.bulk": "Ordinary recordings on paid links",
  "transfer.metered.events": "What goes first on paid links",
  "transfer.metered.rateBytesPerSecond": "At most a second on paid links",
  "transfer.budgets.bulk.dayBytes": "Ordinary recordings a day",
  "transfer.budgets.bulk.monthBytes": "Ordinary recordings a month",
  "transfer.budgets.events.dayBytes": "What goes first, a day",
  "transfer.budgets.events.monthBytes": "What goes first, a month",
  order: "Which recording next",
  "events.tags": "Tags that go first",
  "events.names": "File names that go first",
  "deletion.policy": "Sealed recordings on the device",
  "deletion.holdHours": "Not deleted before (hours)",
  "deletion.keepFreeBytes": "Deleted while less is free than",
  "deletion.quotaBytes": "Deleted while recordings take more than",
  "deletion.allowTombstones": "A full disk may lose recordings",
  "find.settleSeconds": "Finished when unchanged for",
  "find.incompleteAfterSeconds": "Sent as cut off after",
  "find.rescanSeconds": "Look through the folder every",
};
const values: Record<string, string> = {
  never: "kept",
  after_receipt: "deleted after the receipt",
  hold: "wait",
  send: "sent",
};

const labelOf = (name: string) => labels[name] ?? name;

function wordsOf(name: string, value: unknown): string {
  if (value === null || value === undefined || value === "") return "no limit";
  if (typeof value === "boolean") return value ? "yes" : "no";
  if (typeof value === "number")
    return /Bytes/i.test(name)
      ? formatBytes(value)
      : name.endsWith("Seconds")
        ? formatSpan(value * 1000)
        : String(value);
  if (Array.isArray(value)) {
    if (value.length === 0) return "none";
    return name === "transfer.timetable" ? value.map(hoursWords).join("; ") : value.join(", ");
  }
  return values[String(value)] ?? String(value);
}

type Hours = Version["settings"]["transfer"]["timetable"][number];

function hoursWords({ days, from, to, rateBytesPerSecond: rate }: Hours): string {
  const limit = rate === null ? "no limit" : rate === 0 ? "only events" : `${formatBytes(rate)}/s`;
  return `${days.join(" ")} ${from} to ${to} ${limit}`;
}
