"use client";

import { LoaderCircle } from "lucide-react";
import Link, { useLinkStatus } from "next/link";
import { usePathname } from "next/navigation";
import type { ReactNode } from "react";

/** A link of the navigation that knows whether the reader is there, and shows when the page takes its time. */
export function NavLink({ href, className, children }: { href: string; className: string; children: ReactNode }) {
  const path = usePathname();
  const isHere = href === "/" ? path === "/" : path === href || path.startsWith(`${href}/`);
  return (
    <Link href={href} prefetch={false} aria-current={isHere ? "page" : undefined} className={className}>
      {children}
      <Pending />
    </Link>
  );
}

function Pending() {
  const { pending } = useLinkStatus();
  // Appears after a moment only: most pages are there before it could be seen.
  return pending ? <LoaderCircle aria-label="Loading" className="appear-late size-4 text-muted" /> : null;
}
