"use client";

import { Tabs as Radix } from "radix-ui";
import type { ReactNode } from "react";
import { cx } from "./cx";
import { Link } from "./link";

const tabClass =
  "-mb-px inline-flex h-9 items-center gap-1.5 whitespace-nowrap border-b-2 px-1 font-medium text-sm hover:text-ink pointer-coarse:h-11";

/** Tabs within a page; what is in them is all loaded. */
export function Tabs({
  label,
  tabs,
}: {
  label: string;
  tabs: { key: string; label: string; count?: number; content: ReactNode }[];
}) {
  return (
    <Radix.Root defaultValue={tabs[0]?.key ?? ""}>
      <Radix.List aria-label={label} className="flex gap-5 overflow-x-auto border-line border-b">
        {tabs.map((tab) => (
          <Radix.Trigger
            key={tab.key}
            value={tab.key}
            className={cx(
              tabClass,
              "border-transparent text-muted data-[state=active]:border-accent data-[state=active]:text-ink",
            )}
          >
            {tab.label}
            {tab.count !== undefined && <span className="text-muted text-xs">{tab.count}</span>}
          </Radix.Trigger>
        ))}
      </Radix.List>
      {tabs.map((tab) => (
        <Radix.Content key={tab.key} value={tab.key} className="pt-4">
          {tab.content}
        </Radix.Content>
      ))}
    </Radix.Root>
  );
}

/** Tabs that are places: each has an address, for instance one state of an inbox. */
export function LinkTabs({
  label,
  tabs,
}: {
  label: string;
  tabs: { href: string; label: string; count?: number | undefined; isCurrent: boolean }[];
}) {
  return (
    <nav aria-label={label} className="flex gap-5 overflow-x-auto">
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
