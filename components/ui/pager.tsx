import { ChevronLeft, ChevronRight } from "lucide-react";
import { ButtonLink } from "./button";
import { formatCount } from "./format";

type PagerProps = {
  /** What is counted, as in "recordings". */
  things: string;
  shown: number;
  total?: number;
  /** False: the count stopped at its limit, and more exist. */
  isTotalExact?: boolean;
  previousHref: string | null;
  nextHref: string | null;
  /** What the two steps are called: by time, unless the list has another order. */
  words?: readonly [previous: string, next: string];
};

const byTime = ["Newer", "Older"] as const;

/** Steps through a list by cursor, with the count in words. */
export function Pager({
  things,
  shown,
  total,
  isTotalExact = true,
  previousHref,
  nextHref,
  words = byTime,
}: PagerProps) {
  return (
    <nav
      aria-label={`Pages of ${things}`}
      className="sticky left-0 mt-auto flex items-center gap-2 border-line bg-surface px-4 py-2 text-muted text-sm lg:bottom-0 lg:border-t"
    >
      <span className="mr-auto">
        {total === undefined
          ? `${formatCount(shown)} ${things}`
          : `${formatCount(shown)} of ${isTotalExact ? "" : "more than "}${formatCount(total)} ${things}`}
      </span>
      {previousHref && (
        <ButtonLink href={previousHref} icon={ChevronLeft} rel="prev">
          {words[0]}
        </ButtonLink>
      )}
      {nextHref && (
        <ButtonLink href={nextHref} icon={ChevronRight} rel="next">
          {words[1]}
        </ButtonLink>
      )}
    </nav>
  );
}
