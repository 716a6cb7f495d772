import { cx } from "./cx";
import { Link } from "./link";

const tabClass =
  "-mb-px inline-flex h-9 items-center gap-1.5 whitespace-nowrap border-b-2 px-1 font-medium text-sm hover:text-ink pointer-coarse:h-11";

/** Tabs that are places: each has an address, for instance one state of an inbox. */
export function LinkTabs({
  label,
  tabs,
}: {
  label: string;
  tabs: { href: string; label: string; count?: number | undefined; isCurrent: boolean }[];
}) {
  return (
    <nav aria-label={label} className="flex gap-4 overflow-x-auto">
      {tabs.map((tab) => (
        <Link
          key={tab.href}
          href={tab.href}
          aria-current={tab.isCurrent ? "page" : undefined}
          className={cx(tabClass, tab.isCurrent ? "border-accent text-ink" : "border-transparent text-muted")}
        >
          {tab.label}
          {tab.count !== undefined && <span className="text-muted text-xs">{tab.count}</span>}
        </Link>
      ))}
    </nav>
  );
}
