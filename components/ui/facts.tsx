import type { ReactNode } from "react";
import { cx } from "./cx";

/** A list of facts. A value that is null reads as `missing`, never as a blank. */
export function Facts({
  facts,
  missing = "not given",
  className,
}: {
  facts: { label: string; value: ReactNode; note?: ReactNode }[];
  missing?: string;
  className?: string;
}) {
  return (
    <dl className={cx("grid gap-x-4 gap-y-1.5 text-sm min-[400px]:grid-cols-[7rem_minmax(0,1fr)]", className)}>
      {facts.map((fact) => (
        <div key={fact.label} className="contents">
          <dt className="text-muted max-[399px]:-mb-1.5 max-[399px]:pt-1">{fact.label}</dt>
          <dd className="wrap-anywhere min-w-0">
            {fact.value ?? <span className="text-muted italic">{missing}</span>}
            {fact.note && <span className="block text-muted">{fact.note}</span>}
          </dd>
        </div>
      ))}
    </dl>
  );
}
