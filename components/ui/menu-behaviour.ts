import type { KeyboardEvent } from "react";

const gap = 6;
const margin = 8;

/** Puts a popover below its button, or above it where there is more room, and never past the window's edge. */
export function placeBeside(popover: HTMLElement, button: HTMLElement, align: "start" | "end"): void {
  const anchor = button.getBoundingClientRect();
  const { offsetWidth: width, offsetHeight: height } = popover;
  const fitsBelow = anchor.bottom + gap + height + margin <= window.innerHeight;
  const isBelow = fitsBelow || window.innerHeight - anchor.bottom >= anchor.top;
  const top = isBelow ? anchor.bottom + gap : anchor.top - gap - height;
  const left = align === "start" ? anchor.left : anchor.right - width;
  popover.style.top = `${Math.max(margin, top)}px`;
  popover.style.left = `${Math.max(margin, Math.min(left, document.documentElement.clientWidth - width - margin))}px`;
}

/** Arrow keys, Home, End and first letters walk the items (ARIA Authoring Practices, menu); Tab leaves. */
export function handleMenuKey(event: KeyboardEvent<HTMLElement>): void {
  const items = [...event.currentTarget.querySelectorAll<HTMLElement>("[role^=menuitem]:not(:disabled)")];
  const active = document.activeElement;
  const at = active instanceof HTMLElement ? items.indexOf(active) : -1;
  const target = nextItem(event.key, items, at);
  if (event.key === "Tab") event.currentTarget.hidePopover();
  if (!target) return;
  event.preventDefault();
  target.focus();
}

function nextItem(key: string, items: HTMLElement[], at: number): HTMLElement | undefined {
  const count = items.length;
  switch (key) {
    case "ArrowDown":
      return items[(at + 1) % count];
    case "ArrowUp":
      return items[(at - 1 + count) % count];
    case "Home":
      return items[0];
    case "End":
      return items[count - 1];
    default: {
      if (key.length !== 1 || key === " ") return undefined;
      const after = [...items.slice(at + 1), ...items.slice(0, at + 1)];
      return after.find((item) => item.textContent?.trim().toLowerCase().startsWith(key.toLowerCase()));
    }
  }
}
