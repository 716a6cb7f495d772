import { ArrowDown, ArrowUp } from "lucide-react";
import type { ReactNode } from "react";
import { cx } from "./cx";
import { Link } from "./link";
import { TableKeys } from "./table-keys";

/** One column. `cell` answers null or false for an empty cell, which reads as a dash. */
export type Column<Row> = {
  key: string;
  /** Head of the column, and the word before the value on a phone. */
  head: string;
  cell: (row: Row) => ReactNode;
  align?: "right";
  /** Lets long text wrap. */
  wrap?: boolean;
  /** Address that sorts by this column; without it the column does not sort. */
  sortHref?: string;
  sorted?: "ascending" | "descending";
  /** Hides the head visually, for columns of buttons. */
  hideHead?: boolean;
};

type TableProps<Row> = {
  /** What the table shows, for screen readers. */
  caption: string;
  columns: Column<Row>[];
  rows: Row[];
  rowKey: (row: Row) => string;
  /** Where a click on the row or Enter leads; the row must also hold a link to it or to more. */
  rowHref?: (row: Row) => string;
  /** Key of the row that is open in the panel. */
  selected?: string | undefined;
  className?: string;
};

/**
 * A real table with a sticky head and 40 px rows; below 640 px each row is a card that keeps the words of the head.
 * With `rowHref`, j and k walk the rows, Enter opens one, Esc closes the panel.
 */
export function Table<Row>({ caption, columns, rows, rowKey, rowHref, selected, className }: TableProps<Row>) {
  const table = (
    <table className={cx("table", className)}>
      <caption className="sr-only">{caption}</caption>
      <thead>
        <tr>
          {columns.map((column) => (
            <th key={column.key} scope="col" data-align={column.align} aria-sort={column.sorted}>
              <Head column={column} />
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {rows.map((row) => {
          const key = rowKey(row);
          return (
            <tr key={key} data-href={rowHref?.(row)} aria-current={selected === key ? "true" : undefined}>
              {columns.map((column) => {
                const value = column.cell(row);
                const isEmpty = value === null || value === undefined || value === "" || value === false;
                return (
                  <td
                    key={column.key}
                    data-label={column.hideHead ? undefined : column.head}
                    data-align={column.align}
                    data-wrap={column.wrap || undefined}
                    data-empty={isEmpty || undefined}
                  >
                    {isEmpty ? (
                      <span className="text-muted" title="none">
                        –
                      </span>
                    ) : (
                      value
                    )}
                  </td>
                );
              })}
            </tr>
          );
        })}
      </tbody>
    </table>
  );
  return rowHref ? <TableKeys>{table}</TableKeys> : table;
}

function Head<Row>({ column }: { column: Column<Row> }) {
  if (column.hideHead) return <span className="sr-only">{column.head}</span>;
  const Arrow = column.sorted === "ascending" ? ArrowUp : ArrowDown;
  const words = (
    <span className="inline-flex items-center gap-1">
      {column.head}
      {column.sorted && <Arrow aria-hidden className="size-3.5" />}
    </span>
  );
  if (!column.sortHref) return words;
  return (
    <Link href={column.sortHref} className="hover:text-ink">
      {words}
    </Link>
  );
}
