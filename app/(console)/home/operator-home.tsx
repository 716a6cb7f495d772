import { CircleCheckBig } from "lucide-react";
import { HomeColumns } from "@/components/home/home-columns";
import { WorkList } from "@/components/home/work-list";
import { Card } from "@/components/ui/card";
import { EmptyState } from "@/components/ui/empty-state";
import { plural } from "@/components/ui/format";
import { Link } from "@/components/ui/link";
import { PageHeader } from "@/components/ui/page-header";
import { StatePill } from "@/components/ui/state-pill";
import { recordingLook } from "@/components/ui/states";
import { RelativeTime } from "@/components/ui/time";
import { listRecordings } from "@/lib/recordings/index.ts";
import type { PersonContext } from "../../_server/context";
import { findWork } from "../../_server/work";

const shownRecordings = 8;

/** For officers and administrators: everything that waits for them, and what arrived last. */
export async function OperatorHome({ ctx }: { ctx: PersonContext }) {
  const [work, recordings] = await Promise.all([findWork(ctx), listRecordings(ctx, {}, null, shownRecordings)]);
  return (
    <>
      <PageHeader
        title={work.length === 0 ? "Home" : "Waiting for you"}
        note={
          work.length > 0 && <span className="text-muted">{plural(work.length, "thing")}, soonest deadline first</span>
        }
      />
      <HomeColumns>
        <section className="min-w-0 rounded-lg border border-line bg-surface">
          {work.length === 0 ? (
            <EmptyState
              icon={CircleCheckBig}
              title="Nothing is waiting for you"
              text="No decision is due, no upload has stalled, and every device has called within a day."
            />
          ) : (
            <WorkList items={work} />
          )}
        </section>
        <Card title="Latest recordings" aside={<AllLink href="/recordings" />}>
          {recordings.rows.length === 0 && <p className="text-muted">Nothing has arrived yet.</p>}
          <ul className="grid gap-3">
            {recordings.rows.map((row) => (
              <li key={row.id}>
                <Link href={`/recordings/${row.id}`} className="group flex items-start gap-3">
                  <span className="min-w-0 flex-1">
                    <span className="wrap-anywhere block font-semibold group-hover:underline">
                      {row.site?.name ?? row.place ?? row.fileName}
                    </span>
                    <span className="block text-muted text-sm">
                      {row.device.name}
                      {row.source && `, ${row.source}`}
                    </span>
                  </span>
                  <span className="text-right text-muted text-xs">
                    <StatePill look={recordingLook(row)} />
                    <br />
                    <RelativeTime at={row.createdAt} zone={row.site?.timeZone} focusable={false} className="tip-end" />
                  </span>
                </Link>
              </li>
            ))}
          </ul>
        </Card>
      </HomeColumns>
    </>
  );
}

/** From a glance to the whole list. */
export function AllLink({ href }: { href: string }) {
  return (
    <Link href={href} className="link text-sm">
      See all
    </Link>
  );
}
