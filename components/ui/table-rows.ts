/** All rows of the page's table that lead somewhere. */
export function linkedRows(): HTMLElement[] {
  return [...document.querySelectorAll<HTMLElement>("tr[data-href]")];
}

/** The row whose detail is open in the panel. */
export function openRow(): HTMLElement | undefined {
  return linkedRows().find((row) => row.ariaCurrent === "true");
}

/** Gives the focus to a row, which then stays in sight. */
export function focusRow(row: HTMLElement | undefined): void {
  if (!row) return;
  row.tabIndex = -1;
  row.focus();
  row.scrollIntoView({ block: "nearest" });
}
