import { formatSpan, plural } from "@/components/ui/format";
import { Time } from "@/components/ui/time";
import type { UptimeHour } from "@/lib/fleet/types";

const hourMs = 3_600_000;
const slotsAnHour = 12;
const shownSilences = 8;

type UptimeStripProps = { hours: UptimeHour[]; zone: string | undefined };

/**
 * When a device was heard: one bar an hour, as high as the share of it with heartbeats. The same is said in words, with
 * every long silence by its times.
 */
export function UptimeStrip({ hours, zone }: UptimeStripProps) {
  const [first, last] = [hours[0], hours.at(-1)];
  if (first === undefined || last === undefined)
    return <p className="text-muted text-sm">No heartbeat yet: there is nothing to show.</p>;
  const heard = hours.filter(({ slots }) => slots > 0).length;
  const silences = silencesOf(hours);
  const summary = `Heard in ${heard} of ${plural(hours.length, "hour")}, ${Math.floor((100 * heard) / hours.length)} %`;
  return (
    <figure>
      <svg
        viewBox={`0 0 ${hours.length} ${slotsAnHour}`}
        preserveAspectRatio="none"
        role="img"
        aria-label={summary}
        className="block h-9 w-full rounded-sm bg-sunken"
      >
        {silences.map((silence) => (
          <rect
            key={silence.index}
            x={silence.index}
            y={0}
            width={silence.hours}
            height={slotsAnHour}
            className="fill-bad-soft"
          />
        ))}
        <path d={bars(hours)} className="fill-bar" />
      </svg>
      <div className="mt-1 flex justify-between text-muted text-xs">
        <Time at={first.at} zone={zone} style="table" hideZone />
        <Time at={new Date(last.at.getTime() + hourMs)} zone={zone} style="table" />
      </div>
      <figcaption className="mt-1.5 text-sm">{summary}.</figcaption>
      {silences.length > 0 && <Silences silences={silences} zone={zone} />}
    </figure>
  );
}

function bars(hours: UptimeHour[]): string {
  return hours
    .map(({ slots }, index) => (slots === 0 ? "" : `M${index} ${slotsAnHour}v-${slots}h1v${slots}z`))
    .join("");
}

type Silence = { index: number; hours: number; from: Date };

function silencesOf(hours: UptimeHour[]): Silence[] {
  const silences: Silence[] = [];
  let isSilent = false;
  for (const [index, { slots, at }] of hours.entries()) {
    const current = silences.at(-1);
    if (slots === 0 && isSilent && current) current.hours += 1;
    else if (slots === 0) silences.push({ index, hours: 1, from: at });
    isSilent = slots === 0;
  }
  return silences;
}

function Silences({ silences, zone }: { silences: Silence[]; zone: string | undefined }) {
  const longest = silences.toSorted((a, b) => b.hours - a.hours).slice(0, shownSilences);
  return (
    <details className="mt-1 text-sm">
      <summary className="w-fit text-muted hover:text-ink">
        {plural(silences.length, "silence")}, the longest {formatSpan((longest[0]?.hours ?? 0) * hourMs)}
      </summary>
      <ul className="mt-1.5 grid gap-1">
        {longest.map(({ index, hours, from }) => (
          <li key={index}>
            {formatSpan(hours * hourMs)} from <Time at={from} zone={zone} style="table" />
          </li>
        ))}
        {silences.length > longest.length && (
          <li className="text-muted">and {plural(silences.length - longest.length, "shorter one")}</li>
        )}
      </ul>
    </details>
  );
}
