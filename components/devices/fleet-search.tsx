import { Search } from "lucide-react";
import Form from "next/form";
import type { FleetSort } from "./fleet-sort";

type FleetSearchProps = { address: { tab: string; text: string; sort: FleetSort } };

/** Finds devices by what they are called, in the part of the fleet and the order that are shown. */
export function FleetSearch({ address: { tab, text, sort } }: FleetSearchProps) {
  return (
    <Form action="/devices" prefetch={false} role="search" className="relative w-full sm:w-64">
      <Search
        aria-hidden
        className="pointer-events-none absolute top-1/2 left-2.5 size-4 -translate-y-1/2 text-muted"
      />
      <input
        type="search"
        name="q"
        data-search
        key={text}
        defaultValue={text}
        maxLength={200}
        aria-label="Search devices by name, element, site or id"
        placeholder="Name, element, site…"
        className="control h-8 min-h-8 border-line pl-8 text-sm pointer-coarse:min-h-11"
      />
      {tab !== "all" && <input type="hidden" name="show" value={tab} />}
      <input type="hidden" name="sort" value={`${sort.isDescending ? "-" : ""}${sort.key}`} />
    </Form>
  );
}
