import { formatBytes, formatSpan } from "@/components/ui/format";
import { Time } from "@/components/ui/time";
import type { RatePoint } from "@/lib/fleet/types";

const height = 48;

/** How much a device sent in each stretch of time, as bars and in words. */
export function RateChart({ points, zone }: { points: RatePoint[]; zone: string | undefined }) {
  const [first, last] = [points[0], points.at(-1)];
  const sentBytes = points.reduce((sum, point) => sum + point.sentBytes, 0);
  if (first === undefined || last === undefined || sentBytes === 0)
    return <p className="text-muted text-sm">It has sent nothing in this time.</p>;
  const most = points.reduce((a, b) => (b.sentBytes > a.sentBytes ? b : a));
  const seconds = points.filter((point) => point.sentBytes > 0).reduce((sum, point) => sum + point.seconds, 0);
  const summary = `${formatBytes(sentBytes)} sent, ${formatBytes(Math.round(sentBytes / seconds))} a second while it sent`;
  return (
    <figure>
      <svg
        viewBox={`0 0 ${stepsOf(first, last) + 1} ${height}`}
        preserveAspectRatio="none"
        role="img"
        aria-label={summary}
        className="block h-14 w-full rounded-sm bg-sunken"
      >
        <path d={bars(points, first, most.sentBytes)} className="fill-accent" />
      </svg>
      <div className="mt-1 flex justify-between text-muted text-xs">
        <Time at={first.at} zone={zone} style="table" hideZone />
        <Time at={new Date(last.at.getTime() + last.seconds * 1000)} zone={zone} style="table" />
      </div>
      <figcaption className="mt-1.5 text-sm">
        {summary}. Most in {formatSpan(most.seconds * 1000)}: {formatBytes(most.sentBytes)},{" "}
        <Time at={most.at} zone={zone} style="table" />.
      </figcaption>
    </figure>
  );
}

/** How many stretches lie between two; those in which nothing was said are not among the points. */
function stepsOf(first: RatePoint, point: RatePoint): number {
  return Math.round((point.at.getTime() - first.at.getTime()) / (first.seconds * 1000));
}

function bars(points: RatePoint[], first: RatePoint, mostBytes: number): string {
  return points
    .map((point) => {
      if (point.sentBytes === 0) return "";
      // Little is not nothing: a bar that is there can be seen.
      const size = Math.max(1.5, (height * point.sentBytes) / mostBytes).toFixed(1);
      return `M${stepsOf(first, point)} ${height}v-${size}h1v${size}z`;
    })
    .join("");
}
