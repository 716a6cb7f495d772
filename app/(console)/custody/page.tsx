import { Download, FilterX, ScrollText } from "lucide-react";
import type { Metadata } from "next";
import { LogFilterBar } from "@/components/custody/log-filter-bar";
import { LogTable } from "@/components/custody/log-table";
import { ButtonLink } from "@/components/ui/button";
import { EmptyState } from "@/components/ui/empty-state";
import { PageHeader, Toolbar } from "@/components/ui/page-header";
import { Pager } from "@/components/ui/pager";
import { Split } from "@/components/ui/panel";
import { findLeafIndex, listEvents } from "@/lib/custody-log/index.ts";
import { requireContext } from "../../_server/context";
import { orNotFound } from "../../_server/or-not-found";
import { EventPanel } from "./event-panel";
import { readLogAddress, type SearchParams } from "./log-address";

export const metadata: Metadata = { title: "Custody log" };

export default async function CustodyPage({ searchParams }: { searchParams: Promise<SearchParams> }) {
  const ctx = await requireContext();
  const address = readLogAddress(await searchParams);
  const page = await orNotFound(listEvents(ctx, address.filter, address.cursor));
  const chosen = page.rows.find(({ seq }) => seq === address.selected);
  const leafIndex = chosen === undefined ? null : await findLeafIndex(ctx, chosen.seq);
  const isFiltered = Object.keys(address.params).length > 0;
  const toCursor = (cursor: string | null) => (cursor === null ? null : address.hrefTo({ cursor }));
  return (
    <>
      <PageHeader title="Custody log">
        <ButtonLink href={address.exportHref} icon={Download} download>
          Export as CSV
        </ButtonLink>
      </PageHeader>
      <Toolbar>
        <LogFilterBar {...address} />
      </Toolbar>
      <Split
        panel={
          chosen && (
            <EventPanel
              event={chosen}
              leafIndex={leafIndex}
              closeHref={address.hrefTo({})}
              actorHref={chosen.actorId && address.hrefWith({ actor: chosen.actorId })}
            />
          )
        }
      >
        {page.rows.length === 0 ? (
          <NothingHere isFiltered={isFiltered} />
        ) : (
          <>
            <LogTable
              rows={page.rows}
              rowHref={(row) => address.hrefTo({ selected: row.seq })}
              selected={address.selected}
            />
            <Pager
              things="events"
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

function NothingHere({ isFiltered }: { isFiltered: boolean }) {
  if (!isFiltered)
    return <EmptyState icon={ScrollText} title="No events yet" text="Every act in the archive is kept here." />;
  return (
    <EmptyState icon={FilterX} title="No event matches" text="Other filters, or a wider interval, may find it.">
      <ButtonLink href="/custody" variant="primary">
        Clear filters
      </ButtonLink>
    </EmptyState>
  );
}
