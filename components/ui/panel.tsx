import { X } from "lucide-react";
import Link from "next/link";
import type { ReactNode } from "react";

/**
 * The list on the left, the detail of the chosen row on the right; on a phone the detail covers the screen.
 * Give the panel only when a row is chosen.
 */
export function Split({ children, panel }: { children: ReactNode; panel?: ReactNode }) {
  return (
    <div className="flex min-h-0 flex-1 border-line border-t">
      <div className="relative min-w-0 flex-1 bg-surface max-sm:overflow-x-clip sm:overflow-x-auto">{children}</div>
      {panel}
    </div>
  );
}

/** The right side of a Split. Esc and the cross lead to `closeHref`. */
export function Panel({ label, closeHref, children }: { label: string; closeHref: string; children: ReactNode }) {
  return (
    <aside
      aria-label={label}
      data-panel
      className="from-right fixed inset-0 z-30 overflow-y-auto bg-surface p-5 lg:sticky lg:inset-auto lg:top-0 lg:z-auto lg:max-h-dvh lg:w-[23.25rem] lg:shrink-0 lg:self-start lg:border-line lg:border-l"
    >
      <Link
        href={closeHref}
        scroll={false}
        data-panel-close
        aria-label="Close panel"
        className="absolute top-3 right-3 inline-flex size-8 items-center justify-center rounded-md text-muted hover:bg-sunken hover:text-ink pointer-coarse:size-11"
      >
        <X aria-hidden className="size-4" />
      </Link>
      {children}
    </aside>
  );
}
