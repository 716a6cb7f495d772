import { Clock, Hash, MapPin, Router, ShieldCheck } from "lucide-react";
import { FilterChip } from "@/components/ui/chip";
import { PickMenu } from "@/components/ui/pick-menu";
import { SearchForm } from "@/components/ui/search-form";
import { recordingStates } from "@/components/ui/states";
import { Time, TimeInterval } from "@/components/ui/time";
import type { FilterOptions, RecordingFilter } from "@/lib/recordings/types";
import { IntervalFilter } from "./interval-filter";

/** Names of the filters in the address. */
export type FilterParam = "q" | "from" | "until" | "site" | "device" | "state" | "digest";

type FilterBarProps = {
  filter: RecordingFilter;
  options: FilterOptions;
  /** Address of the list with these parameters set, or taken out where undefined; always its first page. */
  hrefWith: (changes: Partial<Record<FilterParam, string | undefined>>) => string;
  /** What the address holds now, for the search form. */
  params: Partial<Record<FilterParam, string>>;
};

/** Search field, one chip for every filter that is set, and a menu for each that is not. */
export function FilterBar({ filter, options, hrefWith, params }: FilterBarProps) {
  const site = options.sites.find(({ id }) => id === filter.siteId);
  const device = options.devices.find(({ id }) => id === filter.deviceId);
  return (
    <>
      <SearchField params={params} text={filter.text} />
      {(filter.from || filter.until) && (
        <FilterChip label="Interval" icon={Clock} removeHref={hrefWith({ from: undefined, until: undefined })}>
          <IntervalWords from={filter.from} until={filter.until} />
        </FilterChip>
      )}
      {filter.siteId && (
        <FilterChip label="Site" icon={MapPin} removeHref={hrefWith({ site: undefined })}>
          {site?.name ?? filter.siteId}
        </FilterChip>
      )}
      {filter.deviceId && (
        <FilterChip label="Device" icon={Router} removeHref={hrefWith({ device: undefined })}>
          {device?.name ?? filter.deviceId}
        </FilterChip>
      )}
      {filter.state && (
        <FilterChip label="State" icon={ShieldCheck} removeHref={hrefWith({ state: undefined })}>
          {recordingStates[filter.state].label}
        </FilterChip>
      )}
      {filter.digest && (
        <FilterChip label="SHA-256" icon={Hash} removeHref={hrefWith({ digest: undefined })}>
          <span className="mono">{filter.digest.slice(0, 12)}…</span>
        </FilterChip>
      )}
      <IntervalFilter
        from={filter.from}
        until={filter.until}
        baseHref={hrefWith({ from: undefined, until: undefined })}
      />
      {!filter.siteId && (
        <PickMenu
          label="Site"
          choices={options.sites.map(({ id, name }) => ({ href: hrefWith({ site: id }), name }))}
        />
      )}
      {!filter.deviceId && (
        <PickMenu
          label="Device"
          choices={options.devices.map(({ id, name }) => ({ href: hrefWith({ device: id }), name }))}
        />
      )}
      {!filter.state && (
        <PickMenu
          label="State"
          choices={Object.entries(recordingStates).map(([state, look]) => ({
            href: hrefWith({ state }),
            name: look.label,
          }))}
        />
      )}
    </>
  );
}

function SearchField({ params, text }: Pick<FilterBarProps, "params"> & { text: string | undefined }) {
  const { q: _, ...others } = params;
  return (
    <SearchForm
      action="/recordings"
      name="q"
      value={text}
      label="Search recordings by id, place, device, file name or SHA-256"
      placeholder="Place, device, file, digest…"
      maxLength={200}
      others={others}
    />
  );
}

function IntervalWords({ from, until }: { from: Date | undefined; until: Date | undefined }) {
  if (from && until)
    return (
      <>
        overlaps <TimeInterval from={from} until={until} hideSeconds />
      </>
    );
  if (from)
    return (
      <>
        since <Time at={from} style="minute" />
      </>
    );
  return until ? (
    <>
      before <Time at={until} style="minute" />
    </>
  ) : null;
}
