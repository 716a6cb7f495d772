import type { FilterParam } from "@/components/recordings/filter-bar";
import { recordingStates } from "@/components/ui/states";
import type { RecordingFilter } from "@/lib/recordings/index.ts";

/** What a page gets as its query. */
export type SearchParams = Record<string, string | string[] | undefined>;

const filterParams: FilterParam[] = ["q", "from", "until", "site", "device", "state", "digest"];

type ListAddress = {
  filter: RecordingFilter;
  params: Partial<Record<FilterParam, string>>;
  cursor: string | null;
  selected: string | undefined;
  /** Address of the list's first page with changed filters. */
  hrefWith: (changes: Partial<Record<FilterParam, string | undefined>>) => string;
  /** Address of this same page of the list with another row open, at another cursor, or neither. */
  hrefTo: (place: { selected?: string; cursor?: string | null }) => string;
};

/** Reads the catalogue's filters from the address. What cannot be read is left out, as if it were not there. */
export function readListAddress(search: SearchParams): ListAddress {
  const value = (name: string) => {
    const given = search[name];
    return typeof given === "string" && given.trim() !== "" ? given.trim() : undefined;
  };
  const params: ListAddress["params"] = {};
  for (const name of filterParams) {
    const given = value(name);
    if (given !== undefined) params[name] = given;
  }
  // Whoever pastes a digest into the search field means the digest.
  if (params.q && /^[0-9a-f]{16,64}$/i.test(params.q.replaceAll(" ", ""))) {
    params.digest = params.q.replaceAll(" ", "").toLowerCase();
    delete params.q;
  }
  const cursor = value("cursor") ?? null;
  const href = (entries: [string, string | null | undefined][]) => {
    const query = new URLSearchParams();
    for (const [name, text] of entries) if (text) query.set(name, text);
    return query.size === 0 ? "/recordings" : `/recordings?${query}`;
  };
  return {
    params,
    cursor,
    selected: value("selected"),
    filter: toFilter(params),
    hrefWith: (changes) => href(Object.entries({ ...params, ...changes })),
    hrefTo: (place) =>
      href([
        ...Object.entries(params),
        ["cursor", place.cursor === undefined ? cursor : place.cursor],
        ["selected", place.selected],
      ]),
  };
}

function toFilter(params: ListAddress["params"]): RecordingFilter {
  const [from, until] = [toDate(params.from), toDate(params.until)];
  const state = toState(params.state);
  return {
    ...(from && { from }),
    ...(until && { until }),
    ...(params.site && { siteId: params.site }),
    ...(params.device && { deviceId: params.device }),
    ...(state && { state }),
    ...(params.q && { text: params.q.slice(0, 200) }),
    ...(params.digest && /^[0-9a-f]{8,64}$/i.test(params.digest) && { digest: params.digest }),
  };
}

function toDate(text: string | undefined): Date | undefined {
  const at = new Date(text ?? Number.NaN);
  return Number.isNaN(at.getTime()) ? undefined : at;
}

function toState(text: string | undefined): RecordingFilter["state"] | undefined {
  // The cast holds: only keys of the table of states pass.
  return text !== undefined && Object.hasOwn(recordingStates, text) ? (text as RecordingFilter["state"]) : undefined;
}
