import { ClipboardPen } from "lucide-react";
import type { Metadata } from "next";
import { EmptyInbox, EmptyOwnRequests, type InboxTab } from "@/components/requests/empty-inbox";
import { InboxTable, OwnRequestsTable } from "@/components/requests/inbox-table";
import { ButtonLink } from "@/components/ui/button";
import { PageHeader, Toolbar } from "@/components/ui/page-header";
import { Pager } from "@/components/ui/pager";
import { Split } from "@/components/ui/panel";
import { LinkTabs } from "@/components/ui/tabs";
import { listRequests } from "@/lib/access/index.ts";
import type { PersonContext } from "../../_server/context";
import { requireContext } from "../../_server/context";
import { orNotFound } from "../../_server/or-not-found";
import { basisWords } from "./basis-words";

export const metadata: Metadata = { title: "Requests" };

type PageProps = { searchParams: Promise<{ state?: string | string[]; cursor?: string | string[] }> };

const tabs: { key: InboxTab; label: string }[] = [
  { key: "waiting", label: "To decide" },
  { key: "submitted", label: "New" },
  { key: "in_review", label: "In review" },
  { key: "approved", label: "Second approval" },
  { key: "released", label: "Released" },
  { key: "closed", label: "Closed" },
  { key: "denied", label: "Denied" },
  { key: "withdrawn", label: "Withdrawn" },
  { key: "expired", label: "Expired" },
  { key: "all", label: "All" },
];

export default async function RequestsPage({ searchParams }: PageProps) {
  const ctx = await requireContext();
  const { state, cursor } = await searchParams;
  const after = typeof cursor === "string" ? cursor : undefined;
  if (ctx.actor.role === "requester") return <OwnRequests ctx={ctx} cursor={after} />;
  return <Inbox ctx={ctx} tab={tabs.find(({ key }) => key === state)?.key ?? "waiting"} cursor={after} />;
}

type ListProps = { ctx: PersonContext; cursor: string | undefined };

async function Inbox({ ctx, cursor, tab }: ListProps & { tab: InboxTab }) {
  const list = await orNotFound(listRequests(ctx, { ...(tab !== "all" && { state: tab }), ...(cursor && { cursor }) }));
  const { countByState } = list;
  const all = Object.values(countByState).reduce((sum, count) => sum + count, 0);
  const waiting = countByState.submitted + countByState.in_review + countByState.approved;
  const count = (key: InboxTab) => (key === "all" ? all : key === "waiting" ? waiting : countByState[key]);
  const hrefOf = (key: InboxTab) => (key === "waiting" ? "/requests" : `/requests?state=${key}`);
  return (
    <>
      <PageHeader title="Requests" />
      <Toolbar>
        <LinkTabs
          label="Requests by state"
          tabs={tabs.map(({ key, label }) => ({ href: hrefOf(key), label, count: count(key), isCurrent: key === tab }))}
        />
      </Toolbar>
      <Split>
        {list.rows.length === 0 ? (
          <EmptyInbox tab={all === 0 ? "all" : tab} />
        ) : (
          <>
            <InboxTable
              rows={list.rows}
              basisWords={basisWords}
              now={ctx.clock.now()}
              hasStates={tab === "waiting" || tab === "all"}
            />
            <Pager
              things="requests"
              shown={list.rows.length}
              total={count(tab)}
              isTotalExact
              previousHref={cursor ? hrefOf(tab) : null}
              nextHref={list.nextCursor && `/requests?state=${tab}&cursor=${list.nextCursor}`}
            />
          </>
        )}
      </Split>
    </>
  );
}

async function OwnRequests({ ctx, cursor }: ListProps) {
  const list = await orNotFound(listRequests(ctx, cursor ? { cursor } : {}));
  const total = Object.values(list.countByState).reduce((sum, count) => sum + count, 0);
  return (
    <>
      <PageHeader title="My requests">
        <ButtonLink href="/ask" variant="primary" icon={ClipboardPen}>
          Ask for a recording
        </ButtonLink>
      </PageHeader>
      <Split>
        {list.rows.length === 0 ? (
          <EmptyOwnRequests />
        ) : (
          <>
            <OwnRequestsTable rows={list.rows} basisWords={basisWords} now={ctx.clock.now()} />
            <Pager
              things="requests"
              shown={list.rows.length}
              total={total}
              isTotalExact
              previousHref={cursor ? "/requests" : null}
              nextHref={list.nextCursor && `/requests?cursor=${list.nextCursor}`}
            />
          </>
        )}
      </Split>
    </>
  );
}
