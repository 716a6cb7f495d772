import { formatBytes, formatSpan } from "@/components/ui/format";
import { Time } from "@/components/ui/time";
import type { RatePoint } from "@/lib/fleet/types";

const height = 48;

type RateChartProps = {
  points: RatePoint[];
  /** When the first and the last stretch begin that are drawn, whether something was said in them or not. */
  from: Date;
  until: Date;
  zone: string | undefined;
};

/** How much a device sent in each stretch of time, as bars and in words. */
export function RateChart({ points, from, until, zone }: RateChartProps) {
  const [first] = points;
  const sentBytes = points.reduce((sum, point) => sum + point.sentBytes, 0);
  if (first === undefined || sentBytes === 0)
    return <p className="text-muted text-sm">It has sent nothing in this time.</p>;
  const most = points.reduce((a, b) => (b.sentBytes > a.sentBytes ? b : a));
  const seconds = points.filter((point) => point.sentBytes > 0).reduce((sum, point) => sum + point.seconds, 0);
  const summary = `${formatBytes(sentBytes)} sent, ${formatBytes(Math.round(sentBytes / seconds))} a second while it sent`;
  return (
    <figure>
      <svg
        viewBox={`0 0 ${stepsOf(from, until, first.seconds) + 1} ${height}`}
        preserveAspectRatio="none"
        role="img"
        aria-label={summary}
        className="block h-14 w-full rounded-sm bg-sunken"
      >
        <path d={bars(points, from, most.sentBytes)} className="fill-accent" />
      </svg>
      <div className="mt-1 flex justify-between text-muted text-xs">
        <Time at={from} zone={zone} style="table" hideZone />
        <Time at={new Date(until.getTime() + first.seconds * 1000)} zone={zone} style="table" />
      </div>
      <figcaption className="mt-1.5 text-sm">
        {summary}. Most in {formatSpan(most.seconds * 1000)}: {formatBytes(most.sentBytes)},{" "}
        <Time at={most.at} zone={zone} style="table" />.
      </figcaption>
    </figure>
  );
}

/** How many stretches of so many seconds lie between two times. */
function stepsOf(from: Date, at: Date, seconds: number): number {
  return Math.round((at.getTime() - from.getTime()) / (seconds * 1000));
}

function bars(points: RatePoint[], from: Date, mostBytes: number): string {
  return points
    .map((point) => {
      if (point.sentBytes === 0 || point.at < from) return "";
      // Little is not nothing: a bar that is there can be seen.
      const size = Math.max(1.5, (height * point.sentBytes) / mostBytes).toFixed(1);
      return `M${stepsOf(from, point.at, point.seconds)} ${height}v-${size}h1v${size}z`;
    })
    .join("");
}
