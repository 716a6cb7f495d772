import { toFeedItems } from "@/components/custody/feed-items";
import { Card } from "@/components/ui/card";
import { Feed } from "@/components/ui/feed";
import { plural } from "@/components/ui/format";
import { Link } from "@/components/ui/link";
import { LinkTabs } from "@/components/ui/tabs";
import { custodyActions } from "@/lib/custody/index.ts";
import { type CustodyEventRow, listEventsOf } from "@/lib/custody-log/index.ts";
import { roleMay } from "@/lib/people/index.ts";
import type { PersonContext } from "../../../_server/context";

const groups = [
  { key: undefined, label: "Everything" },
  { key: "recordings", label: "Arrival" },
  { key: "access", label: "Viewing" },
  { key: "requests", label: "Requests" },
] as const;

const shown = 100;

type CustodyCardProps = {
  ctx: PersonContext;
  recordingId: string;
  /** Which kind of event to show, from the address. */
  group: string | string[] | undefined;
  zone: string | undefined;
};

/** The chain of custody of one recording, newest first. Nothing for a role that has no part in custody. */
export async function CustodyCard({ ctx, recordingId, group, zone }: CustodyCardProps) {
  if (!roleMay(ctx.actor.role, "recordings.custody")) return null;
  const events = (await listEventsOf(ctx, { recordingId })).reverse();
  const current = groups.find(({ key }) => key === group) ?? groups[0];
  const inGroup = (key: string | undefined) => events.filter((event) => key === undefined || groupOf(event) === key);
  const chosen = inGroup(current.key);
  return (
    <Card title="Custody" note={plural(events.length, "event")} className="scroll-mt-4">
      <div id="custody" className="border-line border-b">
        <LinkTabs
          label="Kinds of custody events"
          tabs={groups.map(({ key, label }) => ({
            href: `/recordings/${recordingId}${key ? `?group=${key}` : ""}#custody`,
            label,
            count: inGroup(key).length,
            isCurrent: key === current.key,
          }))}
        />
      </div>
      <div className="pt-4">
        {chosen.length === 0 ? (
          <p className="text-muted">No event of this kind.</p>
        ) : (
          <Feed label="Custody events, newest first" items={toFeedItems(chosen.slice(0, shown), zone)} />
        )}
      </div>
      {chosen.length > shown && (
        <Link href={`/custody?subject=${recordingId}`} className="link text-sm">
          All of them in the custody log
        </Link>
      )}
    </Card>
  );
}

function groupOf(event: CustodyEventRow): string {
  return custodyActions[event.action].group;
}
