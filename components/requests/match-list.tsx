import type { ReactNode } from "react";
import { Card } from "@/components/ui/card";
import { IdText } from "@/components/ui/digest";
import { formatBytes, formatClock, plural } from "@/components/ui/format";
import { Link } from "@/components/ui/link";
import { StatePill } from "@/components/ui/state-pill";
import { matchDecisions, recordingStates } from "@/components/ui/states";
import { TimeInterval } from "@/components/ui/time";
import type { MatchRow, RequestDetail } from "@/lib/access/types";
import { uncovered } from "./coverage";
import { type DecideAction, DecideButtons } from "./decide-buttons";
import { OverlapLane } from "./overlap-lane";

type MatchListProps = {
  request: RequestDetail;
  matches: MatchRow[];
  isComplete: boolean;
  /** Whether everything recorded then is listed, and not only what was recorded at the place. */
  everywhere: boolean;
  decide: DecideAction;
  /** What a change would do to approvals already given; null: none was given. */
  warning: string | null;
};

/** What matches the request: candidates with their overlap, and what was decided about each. */
export function MatchList({ request, matches, isComplete, everywhere, decide, warning }: MatchListProps) {
  const { intervalFrom: from, intervalUntil: until, timeZone: zone } = request;
  const base = `/requests/${request.id}`;
  const otherView = everywhere ? (
    <Link href={base} className="font-medium text-accent text-sm hover:underline">
      Only at the place
    </Link>
  ) : (
    <Link href={`${base}?where=everywhere`} className="font-medium text-accent text-sm hover:underline">
      Search everywhere
    </Link>
  );
  return (
    <Card title="What matches" note={totals(matches)} aside={request.can.match === null && otherView}>
      <OverlapLane from={from} until={until} zone={zone} matches={matches} />
      {matches.length === 0 && <NothingFound everywhere={everywhere} hasEnded={request.endedAt !== null} />}
      <ul>
        {matches.map((match) => (
          <Match key={match.recording.id} match={match} zone={zone}>
            {request.can.match === null && (
              <DecideButtons requestId={request.id} match={match} decide={decide} warning={warning} />
            )}
          </Match>
        ))}
      </ul>
      {!isComplete && (
        <p className="mt-3 text-muted text-sm">
          More was recorded then than is listed here: these are the first {matches.length}.
        </p>
      )}
      <Gaps request={request} matches={matches} />
    </Card>
  );
}

function totals(matches: MatchRow[]): string {
  const included = matches.filter((match) => match.decision === "included").map((match) => match.recording);
  const bytes = included.reduce((sum, recording) => sum + (recording.sizeBytes ?? 0), 0);
  const lengthMs = included.reduce((sum, recording) => sum + (recording.durationMs ?? 0), 0);
  const found = plural(matches.length, "recording");
  if (included.length === 0) return `${found}, none included`;
  return `${found}, ${included.length} included, ${formatBytes(bytes)}, ${formatClock(lengthMs)}`;
}

function Match({ match, zone, children }: { match: MatchRow; zone: string; children: ReactNode }) {
  const { recording } = match;
  const what = [recording.device.name, recording.source].filter(Boolean).join(", ");
  const where = recording.place ?? recording.site?.name ?? "place not declared";
  return (
    <li className="flex flex-wrap items-start gap-x-3 gap-y-2 border-line border-t py-3 text-sm">
      <div className="min-w-0 flex-1 basis-56">
        <p className="font-medium">
          <TimeInterval from={recording.startAt} until={recording.endAt} zone={zone} />
        </p>
        <p className="wrap-anywhere text-muted">
          {what}, {where}
          {recording.sizeBytes !== null && (
            <>
              , <span className="whitespace-nowrap">{formatBytes(recording.sizeBytes)}</span>
            </>
          )}
        </p>
        <p className="text-xs">
          <Link href={`/recordings/${recording.id}`} className="text-muted hover:text-ink hover:underline">
            <IdText id={recording.id} />
          </Link>
        </p>
        {match.reason && (
          <p className="wrap-anywhere mt-1 text-muted">
            Because: {match.reason} ({match.decidedBy})
          </p>
        )}
      </div>
      <div className="flex flex-wrap items-center gap-1.5">
        {recording.state !== "sealed" && <StatePill look={recordingStates[recording.state]} />}
        <StatePill look={matchDecisions[match.decision ?? "undecided"]} />
      </div>
      {children && <div className="flex basis-full flex-wrap gap-1.5">{children}</div>}
    </li>
  );
}

function NothingFound({ everywhere, hasEnded }: { everywhere: boolean; hasEnded: boolean }) {
  if (hasEnded) return <p className="text-muted text-sm">No recording was decided about before the request ended.</p>;
  return (
    <p className="text-muted text-sm">
      {everywhere
        ? "Nothing at all was recorded in this interval."
        : "Nothing was recorded at this place in this interval. A moving vehicle may have recorded it under another place: search everywhere."}
    </p>
  );
}

function Gaps({ request, matches }: { request: RequestDetail; matches: MatchRow[] }) {
  const included = matches.filter((match) => match.decision === "included");
  if (included.length === 0) return null;
  const gaps = uncovered(
    { from: request.intervalFrom, until: request.intervalUntil },
    included.map(({ recording }) => ({ from: recording.startAt, until: recording.endAt })),
  );
  if (gaps.length === 0) return <p className="mt-3 text-muted text-sm">What is included covers the whole interval.</p>;
  return (
    <div className="mt-3 text-muted text-sm">
      <p>What is included does not cover:</p>
      <ul className="list-disc pl-5">
        {gaps.slice(0, 5).map((gap) => (
          <li key={gap.from.toISOString()}>
            <TimeInterval from={gap.from} until={gap.until} zone={request.timeZone} />
          </li>
        ))}
        {gaps.length > 5 && <li>and {plural(gaps.length - 5, "more gap")}</li>}
      </ul>
    </div>
  );
}
