import { deviceLook } from "@/components/devices/device-looks";
import { type FleetSort, type SortKey, sortKeys } from "@/components/devices/fleet-sort";
import type { FleetRow } from "@/lib/fleet/index.ts";

/** What a page gets as its query. */
export type SearchParams = Record<string, string | string[] | undefined>;

const fleetTabs = ["all", "attention", "silent", "pending", "revoked"] as const;
/** Which part of the fleet is shown. */
export type FleetTab = (typeof fleetTabs)[number];

const usualSort: FleetSort = { key: "name", isDescending: false };

type Place = { tab?: FleetTab; text?: string; sort?: FleetSort; selected?: string };

/** Reads which devices to show from the address. What cannot be read is left out, as if it were not there. */
export function readFleetAddress(search: SearchParams) {
  const value = (name: string) => {
    const given = search[name];
    return typeof given === "string" && given.trim() !== "" ? given.trim().slice(0, 200) : undefined;
  };
  const tab = fleetTabs.find((known) => known === value("show")) ?? "all";
  const text = value("q") ?? "";
  const sort = readSort(value("sort"));
  return {
    tab,
    text,
    sort,
    selected: value("selected"),
    /** Address of this list with something changed; the open row is closed unless it is named. */
    hrefTo: (change: Place) => hrefOf({ tab, text, sort, ...change }),
  };
}

function hrefOf({ tab, text, sort = usualSort, selected }: Place): string {
  const query = new URLSearchParams();
  if (tab !== undefined && tab !== "all") query.set("show", tab);
  if (text) query.set("q", text);
  if (sort.key !== usualSort.key || sort.isDescending) query.set("sort", `${sort.isDescending ? "-" : ""}${sort.key}`);
  if (selected !== undefined) query.set("selected", selected);
  return query.size === 0 ? "/devices" : `/devices?${query}`;
}

function readSort(text = ""): FleetSort {
  const isDescending = text.startsWith("-");
  const key = sortKeys.find((known: SortKey) => known === text.replace(/^-/, ""));
  return key === undefined ? usualSort : { key, isDescending };
}

/** Whether a device belongs to this part of the fleet. */
export function isInTab(row: FleetRow, tab: FleetTab): boolean {
  if (tab === "silent") return row.isSilent;
  if (tab === "pending") return row.state === "pending";
  if (tab === "attention") return row.alarms.length > 0 || row.state === "pending" || deviceLook(row).tone === "bad";
  return tab === "all";
}

/** Whether a device is called like this: its name, its own id, its site, or its id here. */
export function isNamed({ name, alias, site, id }: FleetRow, text: string): boolean {
  const sought = text.toLowerCase();
  return [name, alias, site?.name, id].some((word) => word?.toLowerCase().includes(sought));
}
