import { UserRound } from "lucide-react";
import { SubjectLink, subjectsOf } from "@/components/custody/event-subject";
import { actorRole, detailWords } from "@/components/custody/feed-items";
import { ButtonLink } from "@/components/ui/button";
import { IdText } from "@/components/ui/digest";
import { Facts } from "@/components/ui/facts";
import { formatCount } from "@/components/ui/format";
import { Panel } from "@/components/ui/panel";
import { StatePill } from "@/components/ui/state-pill";
import { outcomes } from "@/components/ui/states";
import { Time } from "@/components/ui/time";
import type { CustodyEventRow } from "@/lib/custody-log/index.ts";

type EventPanelProps = {
  event: CustodyEventRow;
  /** Its place in the log's tree; null: it has not entered it yet. */
  leafIndex: number | null;
  closeHref: string;
  actorHref: string | null;
};

/** The chosen event with everything that was kept of it. */
export function EventPanel({ event, leafIndex, closeHref, actorHref }: EventPanelProps) {
  return (
    <Panel label={`Custody event ${event.seq}`} closeHref={closeHref}>
      <h2 className="wrap-anywhere pr-10 font-semibold text-lg">
        {event.actorName} {event.sentence}
      </h2>
      <p className="text-muted text-sm">
        <Time at={event.at} />
      </p>
      <div className="mt-3 flex flex-wrap items-center gap-2">
        {actorHref && (
          <ButtonLink href={actorHref} icon={UserRound}>
            All they did
          </ButtonLink>
        )}
        <span className="ml-auto">
          <StatePill look={outcomes[event.outcome]} />
        </span>
      </div>
      <Facts
        className="mt-4"
        facts={[
          {
            label: "Who",
            value: event.actorName,
            note: [actorRole(event), event.actorId].filter(Boolean).join(" · ") || undefined,
          },
          { label: "Act", value: <span className="mono">{event.action}</span> },
          ...subjectsOf(event).map((subject) => ({ label: subject.label, value: <SubjectLink subject={subject} /> })),
          { label: "Purpose", value: event.purpose },
          ...detailWords(event.details).map(({ label, value }) => ({
            label: label.charAt(0).toUpperCase() + label.slice(1),
            value,
          })),
          { label: "From", value: event.fromAddress && <span className="mono">{event.fromAddress}</span> },
          { label: "Program", value: event.userAgent && <span className="text-sm">{event.userAgent}</span> },
          { label: "Correlation", value: <IdText id={event.correlationId} /> },
          { label: "Number", value: event.seq },
          {
            label: "In the log",
            value: leafIndex === null ? "within a minute" : `Leaf ${formatCount(leafIndex)}, under a signed checkpoint`,
          },
        ]}
        missing="none"
      />
      <details className="mt-5">
        <summary className="cursor-pointer font-semibold text-sm">As it is kept</summary>
        <pre className="mono mt-2 overflow-x-auto rounded-md border border-line bg-sunken p-3 text-xs">
          {JSON.stringify(event, null, 2)}
        </pre>
      </details>
    </Panel>
  );
}
