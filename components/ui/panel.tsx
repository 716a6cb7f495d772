import type { ReactNode } from "react";
import { cx } from "./cx";
import { PanelClose } from "./panel-close";

/**
 * The list on the left, the detail of the chosen row on the right; on a phone the detail covers the screen.
 * Give the panel only when a row is chosen.
 */
export function Split({ children, panel }: { children: ReactNode; panel?: ReactNode }) {
  return (
    <div className="flex flex-1 border-line border-t lg:min-h-80 lg:basis-0 lg:overflow-hidden">
      <div className="flex min-w-0 flex-1 flex-col bg-surface max-sm:overflow-x-clip sm:max-lg:overflow-x-auto lg:overflow-auto">
        {children}
      </div>
      {panel}
    </div>
  );
}

/** The right side of a Split. Esc and the cross lead to `closeHref`. */
export function Panel({ label, closeHref, children }: { label: string; closeHref: string; children: ReactNode }) {
  return (
    <aside
      aria-label={label}
      className={cx(
        "from-right fixed inset-0 z-30 overflow-y-auto border-line bg-surface p-5",
        "sm:left-auto sm:w-96 sm:border-l sm:shadow-float xl:relative xl:inset-auto xl:z-auto xl:shrink-0 xl:shadow-none",
      )}
    >
      <PanelClose href={closeHref} />
      {children}
    </aside>
  );
}
