"use client";

import { X } from "lucide-react";
import { useEffect, useRef } from "react";
import { Link } from "./link";
import { focusRow, openRow } from "./table-rows";

/** The cross of a panel. It gets the focus where the panel covers the list, and gives it back to the row. */
export function PanelClose({ href }: { href: string }) {
  const cross = useRef<HTMLAnchorElement>(null);

  useEffect(() => {
    const covers = cross.current?.parentElement && getComputedStyle(cross.current.parentElement).position === "fixed";
    if (covers) cross.current?.focus();
  }, []);

  return (
    <Link
      ref={cross}
      href={href}
      scroll={false}
      data-panel-close
      aria-label="Close panel"
      onClick={() => focusRow(openRow())}
      className="absolute top-3.5 right-3.5 inline-flex size-8 items-center justify-center rounded-md text-muted hover:bg-sunken hover:text-ink pointer-coarse:size-11"
    >
      <X aria-hidden className="size-4" />
    </Link>
  );
}
