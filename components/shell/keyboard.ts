import { focusRow, linkedRows } from "@/components/ui/table-rows";

/** Whether the keys belong to a field or a window on top, not to the page. */
export function isTyping(target: EventTarget | null): boolean {
  if (!(target instanceof HTMLElement)) return false;
  if (target.isContentEditable || target.closest("[role=dialog], [role=menu], video")) return true;
  return target.matches("input:not([type=checkbox], [type=radio], [type=button]), textarea, select");
}

/** Focuses the page's search field. */
export function focusSearch(): boolean {
  const field = document.querySelector<HTMLInputElement>("[data-search]");
  field?.focus();
  field?.select();
  return field !== null;
}

/** Moves the focus to the next or previous row, starting at the one that is open. */
export function moveRow(step: 1 | -1): boolean {
  const all = linkedRows();
  if (all.length === 0) return false;
  const active = document.activeElement?.closest("tr[data-href]");
  const from = all.findIndex((row) => row === active || (!active && row.ariaCurrent === "true"));
  const next = from === -1 ? 0 : Math.min(Math.max(from + step, 0), all.length - 1);
  focusRow(all[next]);
  return true;
}

/** Opens the row that has the focus itself; a link inside a row opens on its own. */
export function openFocusedRow(open: (href: string) => void): boolean {
  const active = document.activeElement;
  if (!(active instanceof HTMLTableRowElement) || !active.dataset.href) return false;
  open(active.dataset.href);
  return true;
}

/** Closes the open panel; its cross gives the focus back to the row. */
export function closePanel(): void {
  document.querySelector<HTMLElement>("[data-panel-close]")?.click();
}
