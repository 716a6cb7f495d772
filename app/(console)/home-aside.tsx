import { ClipboardPen } from "lucide-react";
import Link from "next/link";
import { toFeedItems } from "@/components/custody/feed-items";
import { ButtonLink } from "@/components/ui/button";
import { Card } from "@/components/ui/card";
import { IdText } from "@/components/ui/digest";
import { Feed } from "@/components/ui/feed";
import { StatePill } from "@/components/ui/state-pill";
import { recordingStates, requestStates } from "@/components/ui/states";
import { RelativeTime } from "@/components/ui/time";
import { listRequests } from "@/lib/access/index.ts";
import { listEvents } from "@/lib/custody-log/index.ts";
import { listRecordings } from "@/lib/recordings/index.ts";
import type { PersonContext } from "../_server/context";

const shownRows = 8;
const scannedEvents = 200;

/** Beside the work: what each role looks at first when nothing waits. */
export function HomeAside({ ctx }: { ctx: PersonContext }) {
  switch (ctx.actor.role) {
    case "requester":
      return <OwnRequests ctx={ctx} />;
    case "auditor":
      return <RecentCustody ctx={ctx} />;
    case "officer":
    case "admin":
      return <LatestRecordings ctx={ctx} />;
  }
}

async function OwnRequests({ ctx }: { ctx: PersonContext }) {
  const { rows } = await listRequests(ctx, { limit: shownRows });
  return (
    <Card title="My requests" aside={rows.length > 0 && <MoreLink href="/requests" />}>
      {rows.length === 0 && (
        <p className="text-muted">
          You have not asked for anything yet. You need a place, a time and a legal basis with its order as a PDF.
        </p>
      )}
      <ul className="grid gap-3">
        {rows.map((row) => (
          <li key={row.id}>
            <Link href={`/ask/${row.id}`} className="group block">
              <span className="flex flex-wrap items-center gap-x-2 gap-y-1">
                <span className="wrap-anywhere font-semibold group-hover:underline">{row.site?.name ?? row.place}</span>
                <StatePill look={requestStates[row.state]} />
              </span>
              <span className="block text-muted text-sm">
                {row.reference} · <IdText id={row.id} />
              </span>
            </Link>
          </li>
        ))}
      </ul>
      <ButtonLink
        href="/ask"
        variant={rows.length === 0 ? "primary" : "secondary"}
        icon={ClipboardPen}
        className="mt-4"
      >
        Ask for a recording
      </ButtonLink>
    </Card>
  );
}

async function RecentCustody({ ctx }: { ctx: PersonContext }) {
  const { rows } = await listEvents(ctx, {}, null, scannedEvents);
  const failed = rows.filter((event) => event.action === "login.failed");
  return (
    <div className="grid gap-3.5">
      <Card
        title="Failed sign-ins"
        note={`among the latest ${rows.length} events`}
        aside={<MoreLink href="/custody?group=people" />}
      >
        {failed.length === 0 ? (
          <p className="text-muted">None.</p>
        ) : (
          <Feed label="Failed sign-ins" items={toFeedItems(failed.slice(0, shownRows))} />
        )}
      </Card>
      <Card title="Latest custody events" aside={<MoreLink href="/custody" />}>
        <Feed label="Latest custody events" items={toFeedItems(rows.slice(0, shownRows))} />
      </Card>
    </div>
  );
}

async function LatestRecordings({ ctx }: { ctx: PersonContext }) {
  const { rows } = await listRecordings(ctx, {}, null, shownRows);
  return (
    <Card title="Latest recordings" aside={rows.length > 0 && <MoreLink href="/recordings" />}>
      {rows.length === 0 && <p className="text-muted">Nothing has arrived yet.</p>}
      <ul className="grid gap-3">
        {rows.map((row) => (
          <li key={row.id}>
            <Link href={`/recordings/${row.id}`} className="group flex items-start gap-3">
              <span className="min-w-0 flex-1">
                <span className="wrap-anywhere block font-semibold group-hover:underline">
                  {row.site?.name ?? row.place ?? row.fileName}
                </span>
                <span className="block text-muted text-sm">
                  {row.device.name}
                  {row.source && `, ${row.source}`} · <RelativeTime at={row.createdAt} zone={row.site?.timeZone} />
                </span>
              </span>
              <StatePill look={recordingStates[row.state]} />
            </Link>
          </li>
        ))}
      </ul>
    </Card>
  );
}

function MoreLink({ href }: { href: string }) {
  return (
    <Link href={href} className="link text-sm">
      All
    </Link>
  );
}
