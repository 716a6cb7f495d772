import type { ReactNode } from "react";

/** What matters on the left, what helps on the right; below each other where there is no room. */
export function HomeColumns({ children }: { children: ReactNode }) {
  return (
    <div className="grid shrink-0 items-start gap-3.5 px-4 pb-8 md:px-6 xl:grid-cols-[minmax(0,2fr)_minmax(0,1fr)]">
      {children}
    </div>
  );
}
