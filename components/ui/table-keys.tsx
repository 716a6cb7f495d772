"use client";

import { useRouter } from "next/navigation";
import { type KeyboardEvent, type MouseEvent, type ReactNode, useRef } from "react";

const interactive = "a, button, input, select, textarea, label, summary, time[tabindex]";

/** Makes the rows of the table inside it open on a click. The keys are in components/shell/shortcuts.tsx. */
export function TableKeys({ children }: { children: ReactNode }) {
  const router = useRouter();
  const wrap = useRef<HTMLDivElement>(null);

  function openRow(event: MouseEvent | KeyboardEvent) {
    // The cast holds: events of this element always come from an element inside it.
    const target = event.target as Element;
    const href = target.closest<HTMLElement>("tr[data-href]")?.dataset.href;
    const isSelecting = String(window.getSelection() ?? "") !== "";
    if (href && !target.closest(interactive) && !isSelecting) router.push(href, { scroll: false });
  }

  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: a larger target; each row holds a real link as well
    // biome-ignore lint/a11y/useKeyWithClickEvents: the same; the link in the row takes Enter
    <div ref={wrap} onClick={openRow}>
      {children}
    </div>
  );
}
