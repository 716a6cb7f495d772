import { toShortFeedItems } from "@/components/custody/feed-items";
import { HomeColumns } from "@/components/home/home-columns";
import { Card } from "@/components/ui/card";
import { Feed } from "@/components/ui/feed";
import { PageHeader } from "@/components/ui/page-header";
import { listEvents } from "@/lib/custody-log/index.ts";
import type { PersonContext } from "../../_server/context";
import { AllLink } from "./operator-home";

const readEvents = 200;
const shownEvents = 15;
const shownRefusals = 8;
const refusals: string[] = ["login.failed", "access.refused"];

/** For auditors, who have no queue: what happened last, and what was tried in vain. */
export async function AuditorHome({ ctx }: { ctx: PersonContext }) {
  // One reading for both lists: reading the log is itself a custody event.
  const { rows } = await listEvents(ctx, {}, null, readEvents);
  const refused = rows.filter((event) => refusals.includes(event.action));
  return (
    <>
      <PageHeader title="Home" />
      <HomeColumns>
        <Card title="Latest custody events" aside={<AllLink href="/custody" />}>
          <Feed label="Latest custody events" items={toShortFeedItems(rows.slice(0, shownEvents))} />
        </Card>
        <Card
          title="Failed sign-ins and refusals"
          note={`latest ${rows.length} events`}
          aside={<AllLink href="/custody?group=people" />}
        >
          {refused.length === 0 ? (
            <p className="text-muted">None.</p>
          ) : (
            <Feed label="Failed sign-ins and refusals" items={toShortFeedItems(refused.slice(0, shownRefusals))} />
          )}
        </Card>
      </HomeColumns>
    </>
  );
}
