import type { ReactNode } from "react";
import { cx } from "./cx";

/** A block of a page with its own heading. `aside` stands right of the heading. */
export function Card({
  title,
  note,
  aside,
  children,
  className,
}: {
  title?: string;
  note?: ReactNode;
  aside?: ReactNode;
  children: ReactNode;
  className?: string;
}) {
  return (
    <section className={cx("min-w-0 rounded-lg border border-line bg-surface p-4 sm:px-5", className)}>
      {title && (
        <div className="mb-3 flex flex-wrap items-baseline gap-x-3 gap-y-1">
          <h2 className="font-semibold text-md">{title}</h2>
          {note && <span className="text-muted text-sm">{note}</span>}
          {aside && <div className="ml-auto">{aside}</div>}
        </div>
      )}
      {children}
    </section>
  );
}
