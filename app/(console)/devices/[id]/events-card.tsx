import { toFeedItems } from "@/components/custody/feed-items";
import { Card } from "@/components/ui/card";
import { Feed } from "@/components/ui/feed";
import { Link } from "@/components/ui/link";
import { listEventsOf } from "@/lib/custody-log/index.ts";
import { roleMay } from "@/lib/people/index.ts";
import type { PersonContext } from "../../../_server/context";

const shown = 10;

type EventsCardProps = { ctx: PersonContext; deviceId: string; zone: string | undefined };

/** What was done about a device, newest first. Nothing for a role that has no part in custody. */
export async function EventsCard({ ctx, deviceId, zone }: EventsCardProps) {
  if (!roleMay(ctx.actor.role, "custody.read")) return null;
  const events = (await listEventsOf(ctx, { deviceId })).reverse();
  return (
    <Card
      title="Events"
      note="about the device itself"
      aside={
        <Link href={`/custody?subject=${deviceId}`} className="link text-sm">
          All in the custody log
        </Link>
      }
    >
      {events.length === 0 ? (
        <p className="text-muted text-sm">None yet.</p>
      ) : (
        <Feed label="Custody events of the device, newest first" items={toFeedItems(events.slice(0, shown), zone)} />
      )}
    </Card>
  );
}
