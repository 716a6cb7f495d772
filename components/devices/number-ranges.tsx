import { formatCount, plural } from "@/components/ui/format";

type Range = { first: number; last: number };

/** So many stand in a sentence; more are a wall of digits. */
export const shownRanges = 6;

/** Stretches of numbers in words: "number 8, numbers 2 to 4". */
export function rangeWords(ranges: readonly Range[]): string {
  return ranges
    .map(({ first, last }) => `${first === last ? "number" : "numbers"} ${rangeText({ first, last })}`)
    .join(", ");
}

const rangeText = ({ first, last }: Range) =>
  first === last ? formatCount(first) : `${formatCount(first)} to ${formatCount(last)}`;

/** All of them behind one line, where the sentence says the first few. `all`: how many there are, when not all are here. */
export function AllRanges({ ranges, all = ranges.length }: { ranges: readonly Range[]; all?: number }) {
  if (all <= shownRanges) return null;
  const summary =
    ranges.length < all
      ? `Show ${formatCount(ranges.length)} of ${plural(all, "gap")}`
      : `Show all ${plural(all, "gap")}`;
  return (
    <details className="mt-1">
      <summary className="w-fit text-accent pointer-coarse:py-2">{summary}</summary>
      <ul className="mono mt-1.5 grid grid-cols-[repeat(auto-fill,minmax(10rem,1fr))] gap-x-4">
        {ranges.map((range) => (
          <li key={range.first}>{rangeText(range)}</li>
        ))}
      </ul>
    </details>
  );
}
