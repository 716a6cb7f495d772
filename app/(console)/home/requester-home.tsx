import { ClipboardPen, FileSearch } from "lucide-react";
import { HomeColumns } from "@/components/home/home-columns";
import { type WorkItem, WorkList } from "@/components/home/work-list";
import { ButtonLink } from "@/components/ui/button";
import { Card } from "@/components/ui/card";
import { EmptyState } from "@/components/ui/empty-state";
import { PageHeader } from "@/components/ui/page-header";
import { requestStates } from "@/components/ui/states";
import { listRequests } from "@/lib/access/index.ts";
import type { RequestRow } from "@/lib/access/types.ts";
import type { PersonContext } from "../../_server/context";
import { AllLink } from "./operator-home";

const shownRequests = 10;
const moving: RequestRow["state"][] = ["submitted", "in_review", "approved"];

/** For requesters: their requests, what is ready first, and what asking takes. */
export async function RequesterHome({ ctx }: { ctx: PersonContext }) {
  const { rows } = await listRequests(ctx, { limit: shownRequests });
  const readyFirst = rows.toSorted((a, b) => Number(b.state === "released") - Number(a.state === "released"));
  const ready = rows.filter((row) => row.state === "released").length;
  return (
    <>
      <PageHeader title={ready > 0 ? "Ready for you" : "Home"} note={rows.length > 0 && <AllLink href="/requests" />}>
        <ButtonLink href="/ask" variant="primary" icon={ClipboardPen}>
          Ask for a recording
        </ButtonLink>
      </PageHeader>
      <HomeColumns>
        <section className="min-w-0 rounded-lg border border-line bg-surface">
          {rows.length === 0 ? (
            <EmptyState
              icon={FileSearch}
              title="You have not asked for anything yet"
              text="Your requests appear here, with what has become of them."
            />
          ) : (
            <WorkList items={readyFirst.map(toItem)} hasFirstAct={ready > 0} />
          )}
        </section>
        <Card title="How it goes">
          <ol className="grid list-decimal gap-2 pl-5 text-sm marker:text-muted">
            <li>You name the place, the time and the legal basis, and attach the order as a PDF.</li>
            <li>An officer finds what matches. Two officers must approve, and neither can be you.</li>
            <li>You download each recording as one file, exactly as the device made it, with its SHA-256.</li>
          </ol>
        </Card>
      </HomeColumns>
    </>
  );
}

function toItem(row: RequestRow): WorkItem {
  const isReady = row.state === "released";
  return {
    key: row.id,
    look: requestStates[row.state],
    title: row.site?.name ?? row.place,
    text: `${row.authority} ${row.reference} · ${row.id}`,
    verb: isReady ? "Download" : moving.includes(row.state) ? "Follow" : "See",
    href: `/ask/${row.id}`,
    dueAt: null,
    since: row.createdAt,
    zone: row.timeZone,
  };
}
