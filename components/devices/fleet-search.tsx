import { MapPin, SlidersHorizontal } from "lucide-react";
import { FilterChip } from "@/components/ui/chip";
import { PickMenu } from "@/components/ui/pick-menu";
import { SearchForm } from "@/components/ui/search-form";

type Named = { id: string; name: string };

type FleetSearchProps = {
  text: string;
  site: string | undefined;
  policy: string | undefined;
  sites: Named[];
  policies: Named[];
  /** Address of the list's first page with these set, or taken out where undefined. */
  hrefTo: (change: { site?: string | undefined; policy?: string | undefined }) => string;
  /** What stays in the address beside the search. */
  kept: Readonly<Record<string, string>>;
};

/** Finds devices by what they are called, where they are and what they are told. */
export function FleetSearch({ text, site, policy, sites, policies, hrefTo, kept }: FleetSearchProps) {
  const places = [...sites, { id: "none", name: "None, they move" }];
  const nameOf = (all: Named[], id: string) => all.find((one) => one.id === id)?.name ?? id;
  return (
    <>
      <SearchForm
        action="/devices"
        name="q"
        value={text}
        label="Search devices by name, element, site or id"
        placeholder="Name, element, site…"
        maxLength={200}
        others={kept}
      />
      {site && (
        <FilterChip label="Site" icon={MapPin} removeHref={hrefTo({ site: undefined })}>
          {nameOf(places, site)}
        </FilterChip>
      )}
      {policy && (
        <FilterChip label="Policy" icon={SlidersHorizontal} removeHref={hrefTo({ policy: undefined })}>
          {nameOf(policies, policy)}
        </FilterChip>
      )}
      {!site && sites.length > 0 && (
        <PickMenu label="Site" choices={places.map(({ id, name }) => ({ href: hrefTo({ site: id }), name }))} />
      )}
      {!policy && policies.length > 1 && (
        <PickMenu label="Policy" choices={policies.map(({ id, name }) => ({ href: hrefTo({ policy: id }), name }))} />
      )}
    </>
  );
}
