import { type LucideIcon, X } from "lucide-react";
import type { ReactNode } from "react";
import { Link } from "./link";

/** A filter that is set; the cross is a link to the same list without it. */
export function FilterChip({
  icon: Icon,
  label,
  children,
  removeHref,
}: {
  icon?: LucideIcon;
  label: string;
  children: ReactNode;
  removeHref: string;
}) {
  return (
    <span className="inline-flex min-h-7 max-w-full items-center gap-1.5 rounded-full border border-accent bg-accent-soft pl-2.5 font-semibold text-accent text-sm pointer-coarse:min-h-9">
      {Icon && <Icon aria-hidden className="size-3.5 shrink-0" />}
      <span className="sr-only">{label}: </span>
      <span className="truncate">{children}</span>
      <Link
        href={removeHref}
        scroll={false}
        aria-label={`Remove filter ${label}`}
        className="inline-flex size-7 items-center justify-center rounded-full hover:bg-surface pointer-coarse:size-9"
      >
        <X aria-hidden className="size-3.5" />
      </Link>
    </span>
  );
}
