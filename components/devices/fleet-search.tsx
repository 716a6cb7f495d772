import { SearchForm } from "@/components/ui/search-form";
import type { FleetSort } from "./fleet-sort";

type FleetSearchProps = { address: { tab: string; text: string; sort: FleetSort } };

/** Finds devices by what they are called, in the part of the fleet and the order that are shown. */
export function FleetSearch({ address: { tab, text, sort } }: FleetSearchProps) {
  return (
    <SearchForm
      action="/devices"
      name="q"
      value={text}
      label="Search devices by name, element, site or id"
      placeholder="Name, element, site…"
      maxLength={200}
      others={{ ...(tab !== "all" && { show: tab }), sort: `${sort.isDescending ? "-" : ""}${sort.key}` }}
    />
  );
}
