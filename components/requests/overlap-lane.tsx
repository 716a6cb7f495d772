import { Time } from "@/components/ui/time";
import type { MatchRow } from "@/lib/access/types";
import { placeOnTrack } from "./coverage";

const looks: Record<NonNullable<MatchRow["decision"]> | "undecided", string> = {
  included: "bg-bar",
  undecided: "border border-edge border-dashed bg-bar-soft",
  excluded: "bg-bar-soft opacity-60",
  unavailable: "hatched",
};

type LaneProps = { from: Date; until: Date; zone: string; matches: MatchRow[] };

/** The asked interval as a bar, with every candidate where it lies. The list below says the same in words. */
export function OverlapLane({ from, until, zone, matches }: LaneProps) {
  return (
    <div className="mb-3 flex items-center gap-2.5 text-muted text-xs">
      <Time at={from} zone={zone} style="clock" hideZone />
      <div aria-hidden className="relative h-7 flex-1 overflow-hidden rounded-sm bg-sunken">
        {matches.map((match) => {
          const { left, width } = placeOnTrack(
            { from: match.recording.startAt, until: match.recording.endAt },
            { from, until },
          );
          return (
            <i
              key={match.recording.id}
              className={`absolute inset-y-1 min-w-0.5 rounded-sm ${looks[match.decision ?? "undecided"]}`}
              style={{ left: `${100 * left}%`, width: `${100 * width}%` }}
            />
          );
        })}
      </div>
      <Time at={until} zone={zone} style="clock" />
    </div>
  );
}
