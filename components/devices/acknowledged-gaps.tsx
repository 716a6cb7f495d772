import type { ReactNode } from "react";
import { formatCount, plural } from "@/components/ui/format";
import { Time } from "@/components/ui/time";
import type { AcknowledgedGapRow } from "@/lib/devices/types";
import { AllRanges, rangeWords, shownRanges } from "./number-ranges";

type AcknowledgedGapsProps = {
  gaps: AcknowledgedGapRow[];
  zone: string | undefined;
  /** What may be done with one. */
  act: (gap: AcknowledgedGapRow) => ReactNode;
};

/** Why numbers of a device's chain are missing, as people said. */
export function AcknowledgedGaps({ gaps, zone, act }: AcknowledgedGapsProps) {
  if (gaps.length === 0) return null;
  return (
    <section className="mt-4 text-sm">
      <h3 className="font-semibold">Acknowledged</h3>
      <ul className="divide-y divide-line">
        {gaps.map((gap) => (
          <li key={gap.id} className="flex flex-wrap items-start gap-x-3 py-1.5">
            <div className="wrap-anywhere min-w-0 flex-1 basis-60">
              <p>
                {sentenceOf(gap)} <span className="text-muted">Acknowledged by {gap.acknowledgedBy}, </span>
                <Time at={gap.acknowledgedAt} zone={zone} style="table" className="text-muted" />
                <span className="text-muted">, because:</span> {gap.reason}
              </p>
              <AllRanges ranges={gap.ranges} />
            </div>
            {act(gap)}
          </li>
        ))}
      </ul>
    </section>
  );
}

function sentenceOf({ ranges, missing }: AcknowledgedGapRow): string {
  const all = ranges.reduce((sum, { first, last }) => sum + last - first + 1, 0);
  const more = ranges.length - shownRanges;
  const words = `${rangeWords(ranges.slice(0, shownRanges))}${more > 0 ? ` and ${plural(more, "more gap")}` : ""}`;
  const named = `${words.charAt(0).toUpperCase()}${words.slice(1)}`;
  if (missing === 0) return `${named}: ${all === 1 ? "it has" : "all have"} come since, or been explained.`;
  if (missing === all) return `${named}.`;
  return `${named}; ${formatCount(all - missing)} of ${formatCount(all)} came since, or were explained.`;
}
