import { ClipboardPen, Film, FilterX, Router } from "lucide-react";
import type { Metadata } from "next";
import { FilterBar } from "@/components/recordings/filter-bar";
import { RecordingTable } from "@/components/recordings/recording-table";
import { AutoRefresh } from "@/components/ui/auto-refresh";
import { ButtonLink } from "@/components/ui/button";
import { EmptyState } from "@/components/ui/empty-state";
import { PageHeader, Toolbar } from "@/components/ui/page-header";
import { Pager } from "@/components/ui/pager";
import { Split } from "@/components/ui/panel";
import { roleMay } from "@/lib/people/index.ts";
import { listFilterOptions, listRecordings, type RecordingRow } from "@/lib/recordings/index.ts";
import { requireContext } from "../../_server/context";
import { orNotFound } from "../../_server/or-not-found";
import { readListAddress, type SearchParams } from "./list-address";
import { RecordingPanel } from "./recording-panel";

export const metadata: Metadata = { title: "Recordings" };

const moving: RecordingRow["state"][] = ["receiving", "received"];

export default async function RecordingsPage({ searchParams }: { searchParams: Promise<SearchParams> }) {
  const ctx = await requireContext();
  const address = readListAddress(await searchParams);
  const [page, options] = await orNotFound(
    Promise.all([listRecordings(ctx, address.filter, address.cursor), listFilterOptions(ctx)]),
  );
  const isRequester = ctx.actor.role === "requester";
  const isFiltered = Object.keys(address.params).length > 0;
  const toCursor = (cursor: string | null) => (cursor === null ? null : address.hrefTo({ cursor }));

  return (
    <>
      <PageHeader title={isRequester ? "Released to me" : "Recordings"} />
      {(page.total > 0 || isFiltered) && (
        <Toolbar>
          <FilterBar {...address} options={options} />
        </Toolbar>
      )}
      <Split
        panel={address.selected && <RecordingPanel ctx={ctx} id={address.selected} closeHref={address.hrefTo({})} />}
      >
        {page.rows.length === 0 ? (
          <NothingHere
            isFiltered={isFiltered}
            isRequester={isRequester}
            mayAddDevices={roleMay(ctx.actor.role, "devices.change")}
          />
        ) : (
          <>
            {page.rows.some(({ state }) => moving.includes(state)) && <AutoRefresh everyMs={10_000} />}
            <RecordingTable
              rows={page.rows}
              rowHref={(row) => address.hrefTo({ selected: row.id })}
              selected={address.selected}
            />
            <Pager
              things="recordings"
              shown={page.rows.length}
              total={page.total}
              isTotalExact={page.isTotalExact}
              previousHref={toCursor(page.previousCursor)}
              nextHref={toCursor(page.nextCursor)}
            />
          </>
        )}
      </Split>
    </>
  );
}

type NothingHereProps = { isFiltered: boolean; isRequester: boolean; mayAddDevices: boolean };

function NothingHere({ isFiltered, isRequester, mayAddDevices }: NothingHereProps) {
  if (isFiltered)
    return (
      <EmptyState icon={FilterX} title="No recording matches" text="Other filters, or a wider interval, may find it.">
        <ButtonLink href="/recordings" variant="primary">
          Clear filters
        </ButtonLink>
      </EmptyState>
    );
  if (isRequester)
    return (
      <EmptyState
        icon={Film}
        title="Nothing is released to you now"
        text="You see recordings once a request of yours is approved, for as long as the release is open."
      >
        <ButtonLink href="/ask" variant="primary" icon={ClipboardPen}>
          Ask for a recording
        </ButtonLink>
      </EmptyState>
    );
  return (
    <EmptyState
      icon={Film}
      title="No recordings yet"
      text="They appear here the moment a device announces one, and their chunks as they arrive."
    >
      {mayAddDevices && (
        <ButtonLink href="/devices" variant="primary" icon={Router}>
          Add a device
        </ButtonLink>
      )}
    </EmptyState>
  );
}
