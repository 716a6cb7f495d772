/** Options that every command has. */
export type OutputOptions = { json?: boolean };

/** Prints one result: the object as JSON for machines, or lines for people. */
export function print(options: OutputOptions, value: unknown, lines: string | readonly string[]): void {
  if (options.json) console.log(JSON.stringify(value));
  else console.log(typeof lines === "string" ? lines : lines.join("\n"));
}

/** Lines of columns, as wide as their widest cell. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string[] {
  const widths = head.map((title, column) => Math.max(title.length, ...rows.map((row) => (row[column] ?? "").length)));
  const line = (cells: readonly string[]) =>
    cells
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join("  ")
      .trimEnd();
  return [line(head), ...rows.map(line)];
}

/** A moment as people read it in a log: UTC, to the second. */
export function utc(at: Date | null): string {
  return at === null ? "never" : `${at.toISOString().slice(0, 19).replace("T", " ")} UTC`;
}
