import { conditionLooks } from "@/components/devices/device-looks";
import {
  type FleetFilter,
  type FleetPart,
  type FleetSort,
  fleetParts,
  readFleetSort,
  usualFleetSort,
} from "@/lib/fleet/index.ts";

/** What a page gets as its query. */
export type SearchParams = Record<string, string | string[] | undefined>;

/** Names of the list's restrictions in the address, beside its order. */
const params = ["show", "q", "site", "policy"] as const;
type Param = (typeof params)[number];

/** Another place than the one that is read: a filter changed (its first page), another order, cursor or open row. */
type Change = { sort?: FleetSort; cursor?: string | null; selected?: string } & Partial<
  Record<Param, string | undefined>
>;

/** Reads which devices to show from the address. What cannot be read is left out, as if it were not there. */
export function readFleetAddress(search: SearchParams) {
  const value = (name: string) => {
    const given = search[name];
    return typeof given === "string" && given.trim() !== "" ? given.trim().slice(0, 200) : undefined;
  };
  const given = Object.fromEntries(params.map((name) => [name, value(name)])) as Record<Param, string | undefined>;
  const part = fleetParts.find((known) => known === given.show) ?? "all";
  const sort = readFleetSort(value("sort") ?? "");
  const cursor = typeof search.cursor === "string" && search.cursor !== "" ? search.cursor : null;
  const filter: FleetFilter = {
    part,
    sort,
    ...(given.q && { text: given.q }),
    ...(given.site && { siteId: given.site.slice(0, 64) }),
    ...(given.policy && { policyId: given.policy.slice(0, 64) }),
  };
  return {
    part,
    text: given.q ?? "",
    site: given.site,
    policy: given.policy,
    sort,
    filter,
    cursor,
    selected: value("selected"),
    /** Address of this list with something changed; the open row is closed unless it is named. */
    hrefTo: (change: Change) =>
      hrefOf({ ...given, show: part, sort, ...(isSamePage(change) && { cursor }), ...change }),
    /** What a form that searches keeps in the address. */
    kept: {
      ...(part !== "all" && { show: part }),
      ...(given.site && { site: given.site }),
      ...(given.policy && { policy: given.policy }),
      ...(isUsual(sort) ? {} : { sort: sortText(sort) }),
    } as Record<string, string>, // nothing in it is undefined
  };
}

/** What `readFleetAddress` answers. */
export type FleetAddress = ReturnType<typeof readFleetAddress>;

// Another filter or order begins at its first page; another open row stays where it is.
const isSamePage = (change: Change) => Object.keys(change).every((name) => name === "selected");

function hrefOf({ show, q, site, policy, sort = usualFleetSort, cursor, selected }: Change): string {
  const query = new URLSearchParams();
  const entries = {
    show: show === "all" ? undefined : show,
    q,
    site,
    policy,
    sort: isUsual(sort) ? undefined : sortText(sort),
    cursor,
    selected,
  };
  for (const [name, text] of Object.entries(entries)) if (text) query.set(name, text);
  return query.size === 0 ? "/devices" : `/devices?${query}`;
}

const isUsual = ({ key, isDescending }: FleetSort) => key === usualFleetSort.key && !isDescending;
const sortText = ({ key, isDescending }: FleetSort) => `${isDescending ? "-" : ""}${key}`;

/** What a part of the fleet is called. */
export function partLabel(part: FleetPart): string {
  if (part === "all") return "All";
  if (part === "attention") return "Need attention";
  return part === "pending" ? "Pending approval" : conditionLooks[part].label;
}
