import { Clock, Fingerprint, UserRound } from "lucide-react";
import { IntervalFilter } from "@/components/recordings/interval-filter";
import { FilterChip } from "@/components/ui/chip";
import { PickMenu } from "@/components/ui/pick-menu";
import { SearchForm } from "@/components/ui/search-form";
import { outcomes } from "@/components/ui/states";
import { Time } from "@/components/ui/time";
import type { CustodyFilter } from "@/lib/custody/types";

/** Names of the log's filters in the address. */
export type LogParam = "from" | "until" | "group" | "outcome" | "actor" | "subject";

type LogFilterBarProps = {
  filter: CustodyFilter;
  params: Partial<Record<LogParam, string>>;
  /** Address of the log with these parameters set, or taken out where undefined; always its first page. */
  hrefWith: (changes: Partial<Record<LogParam, string | undefined>>) => string;
};

/** What each group of acts is called. */
const groupNames = {
  people: "People and sign-ins",
  devices: "Devices and sites",
  recordings: "Uploads and recordings",
  access: "Viewing and downloads",
  requests: "Requests and releases",
} as const;

const words = {
  title: "When did it happen?",
  description: "Leave one end empty to search without limit.",
  submit: "Show events",
};

/** An id to look for, one chip for every filter that is set, and a menu for each that is not. */
export function LogFilterBar({ filter, params, hrefWith }: LogFilterBarProps) {
  const { from, until, group, outcome, actorId, subjectId } = filter;
  return (
    <>
      <SubjectField params={params} />
      {(from || until) && (
        <FilterChip label="Interval" icon={Clock} removeHref={hrefWith({ from: undefined, until: undefined })}>
          {from && (
            <>
              since <Time at={from} />
            </>
          )}{" "}
          {until && (
            <>
              before <Time at={until} />
            </>
          )}
        </FilterChip>
      )}
      {group && (
        <FilterChip label="About" removeHref={hrefWith({ group: undefined })}>
          {groupNames[group]}
        </FilterChip>
      )}
      {outcome && (
        <FilterChip label="Outcome" icon={outcomes[outcome].icon} removeHref={hrefWith({ outcome: undefined })}>
          {outcomes[outcome].label}
        </FilterChip>
      )}
      {actorId && (
        <FilterChip label="Who" icon={UserRound} removeHref={hrefWith({ actor: undefined })}>
          by <span className="mono">{actorId}</span>
        </FilterChip>
      )}
      {subjectId && (
        <FilterChip label="What" icon={Fingerprint} removeHref={hrefWith({ subject: undefined })}>
          <span className="mono">{subjectId}</span>
        </FilterChip>
      )}
      <IntervalFilter
        from={from}
        until={until}
        baseHref={hrefWith({ from: undefined, until: undefined })}
        words={words}
      />
      {!group && (
        <PickMenu
          label="About"
          choices={Object.entries(groupNames).map(([key, name]) => ({ href: hrefWith({ group: key }), name }))}
        />
      )}
      {!outcome && (
        <PickMenu
          label="Outcome"
          choices={Object.entries(outcomes).map(([key, look]) => ({
            href: hrefWith({ outcome: key }),
            name: look.label,
          }))}
        />
      )}
    </>
  );
}

function SubjectField({ params }: Pick<LogFilterBarProps, "params">) {
  const { subject, ...others } = params;
  return (
    <SearchForm
      action="/custody"
      name="subject"
      value={subject}
      label="Find events about a recording, request, release, device or account by its id"
      placeholder="Id: R-…, Q-…, L-…, D-…, P-…"
      maxLength={32}
      isMono
      others={others}
    />
  );
}
