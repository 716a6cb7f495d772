import type { ReactNode } from "react";
import { Link } from "@/components/ui/link";
import { Brand } from "./brand";
import { type NavKey, navEntries } from "./nav-entries";
import { NavLink } from "./nav-link";

/** How much waits behind an entry, with the words that a screen reader says. */
export type NavCounts = Partial<Record<NavKey, { count: number; words: string }>>;

const railLink =
  "flex items-center gap-2.5 rounded-md border border-transparent px-2 py-[0.4375rem] font-medium text-muted hover:text-ink aria-[current=page]:border-line aria-[current=page]:bg-surface aria-[current=page]:text-ink";

const barLink =
  "relative flex min-w-0 flex-1 flex-col items-center gap-0.5 px-1 pt-2 pb-1.5 font-medium text-[0.6875rem] text-muted aria-[current=page]:text-accent";

/** The left rail of a wide screen. `foot`: the account menu. */
export function Rail({ entries, counts, foot }: { entries: NavKey[]; counts: NavCounts; foot: ReactNode }) {
  return (
    <header className="sticky top-0 hidden h-dvh flex-col border-line border-r px-2.5 py-3.5 lg:flex print:hidden">
      <Link href="/" className="mb-3 rounded-md px-2 py-1">
        <Brand />
      </Link>
      <nav aria-label="Main" className="grid gap-0.5">
        {entries.map((key) => {
          const { href, label, icon: Icon } = navEntries[key];
          return (
            <NavLink key={key} href={href} className={railLink}>
              <Icon aria-hidden className="size-[1.0625rem]" strokeWidth={1.75} />
              {label}
              <Count waiting={counts[key]} className="ml-auto font-semibold text-wait text-xs" />
            </NavLink>
          );
        })}
      </nav>
      <div className="mt-auto">{foot}</div>
    </header>
  );
}

/** The bar at the foot of a phone: what fits as links, the rest in `more`. */
export function BottomBar({ entries, counts, more }: { entries: NavKey[]; counts: NavCounts; more: ReactNode }) {
  return (
    <nav
      aria-label="Main"
      className="fixed inset-x-0 bottom-0 z-20 flex border-line border-t bg-surface pb-[env(safe-area-inset-bottom)] lg:hidden print:hidden"
    >
      {entries.map((key) => {
        const { href, label, icon: Icon } = navEntries[key];
        return (
          <NavLink key={key} href={href} className={barLink}>
            <Icon aria-hidden className="size-5" strokeWidth={1.75} />
            <span className="max-w-full truncate">{shortLabels[key] ?? label}</span>
            <Count
              waiting={counts[key]}
              className="absolute top-1 left-1/2 ml-1.5 min-w-4 rounded-full bg-wait px-1 text-center font-semibold text-[0.625rem] text-surface"
            />
          </NavLink>
        );
      })}
      {more}
    </nav>
  );
}

const shortLabels: Partial<Record<NavKey, string>> = {
  ask: "Ask",
  "my-requests": "Requests",
  released: "Released",
  custody: "Custody",
};

function Count({ waiting, className }: { waiting: NavCounts[NavKey]; className: string }) {
  if (!waiting || waiting.count === 0) return null;
  return (
    <span className={className}>
      <span aria-hidden>{waiting.count > 99 ? "99+" : waiting.count}</span>
      <span className="sr-only"> {waiting.words}</span>
    </span>
  );
}
