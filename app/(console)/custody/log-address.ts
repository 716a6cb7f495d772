import type { LogParam } from "@/components/custody/log-filter-bar";
import { outcomes } from "@/components/ui/states";
import type { CustodyFilter } from "@/lib/custody-log/index.ts";

/** What a page gets as its query. */
export type SearchParams = Record<string, string | string[] | undefined>;

const names: LogParam[] = ["from", "until", "group", "outcome", "actor", "subject"];
const groups = ["people", "devices", "recordings", "access", "requests"] as const;

/** Reads the log's filters from the address. What cannot be read is left out, as if it were not there. */
export function readLogAddress(search: SearchParams) {
  const value = (name: string) => {
    const given = search[name];
    return typeof given === "string" && given.trim() !== "" ? given.trim() : undefined;
  };
  const params: Partial<Record<LogParam, string>> = {};
  for (const name of names) {
    const given = value(name);
    if (given !== undefined && isReadable(name, given)) params[name] = given;
  }
  const cursor = value("cursor") ?? null;
  const href = (path: string, entries: [string, string | null | undefined][]) => {
    const query = new URLSearchParams();
    for (const [name, text] of entries) if (text) query.set(name, text);
    return query.size === 0 ? path : `${path}?${query}`;
  };
  return {
    params,
    cursor,
    selected: value("selected"),
    filter: toFilter(params),
    /** Address of the log's first page with changed filters. */
    hrefWith: (changes: Partial<Record<LogParam, string | undefined>>) =>
      href("/custody", Object.entries({ ...params, ...changes })),
    /** Address of this page of the log with another row open, at another cursor, or neither. */
    hrefTo: (place: { selected?: string; cursor?: string | null }) =>
      href("/custody", [
        ...Object.entries(params),
        ["cursor", place.cursor === undefined ? cursor : place.cursor],
        ["selected", place.selected],
      ]),
    exportHref: href("/api/custody/export", Object.entries(params)),
  };
}

function isReadable(name: LogParam, text: string): boolean {
  if (name === "from" || name === "until") return !Number.isNaN(new Date(text).getTime()) && text.endsWith("Z");
  if (name === "group") return (groups as readonly string[]).includes(text);
  if (name === "outcome") return Object.hasOwn(outcomes, text);
  return text.length <= 32;
}

function toFilter(params: Partial<Record<LogParam, string>>): CustodyFilter {
  return {
    ...(params.from && { from: new Date(params.from) }),
    ...(params.until && { until: new Date(params.until) }),
    // Only readable ones stand in the parameters.
    ...(params.group && { group: params.group as (typeof groups)[number] }),
    ...(params.outcome && { outcome: params.outcome as keyof typeof outcomes }),
    ...(params.actor && { actorId: params.actor }),
    ...(params.subject && { subjectId: params.subject }),
  };
}
