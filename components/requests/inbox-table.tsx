import { IdText } from "@/components/ui/digest";
import { formatSpan } from "@/components/ui/format";
import { Link } from "@/components/ui/link";
import { StatePill } from "@/components/ui/state-pill";
import { requestStates } from "@/components/ui/states";
import { type Column, Table } from "@/components/ui/table";
import { Time } from "@/components/ui/time";
import type { RequestRow } from "@/lib/access/types";
import { Due } from "./due";

/** Words for each legal basis, from the domain's own table. */
export type BasisWords = Record<RequestRow["legalBasis"], string>;

type InboxProps = { rows: RequestRow[]; basisWords: BasisWords; now: Date };

function Interval({ row }: { row: RequestRow }) {
  return (
    <span className={under}>
      <Time at={row.intervalFrom} zone={row.timeZone} style="table" />,{" "}
      {formatSpan(row.intervalUntil.getTime() - row.intervalFrom.getTime())}
    </span>
  );
}

const under = "block text-muted text-xs";

/** Requests as officers and auditors see them. Where all are in one state, nothing says it again. */
export function InboxTable({ rows, basisWords, now, hasStates }: InboxProps & { hasStates: boolean }) {
  const state: Column<RequestRow> = {
    key: "state",
    head: "State",
    cell: (row) => <StatePill look={requestStates[row.state]} />,
  };
  const columns: Column<RequestRow>[] = [
    { key: "due", head: "Answer due", cell: (row) => <Due request={row} now={now} /> },
    {
      key: "request",
      head: "Request",
      cell: (row) => (
        <span>
          <Link href={`/requests/${row.id}`} className="font-medium hover:underline">
            <IdText id={row.id} />
          </Link>
          <span className={under}>{row.reference}</span>
        </span>
      ),
    },
    {
      key: "requester",
      head: "Requester",
      cell: (row) => (
        <span>
          {row.requester.name}
          <span className={`${under} max-w-48 truncate`} title={row.requester.organisation}>
            {row.requester.organisation}
          </span>
        </span>
      ),
    },
    { key: "basis", head: "Legal basis", cell: (row) => basisWords[row.legalBasis] },
    {
      key: "place",
      head: "Place and interval",
      cell: (row) => (
        <span>
          <span className="block max-w-56 truncate" title={row.place}>
            {row.site?.name ?? row.place}
          </span>
          <Interval row={row} />
        </span>
      ),
    },
    {
      key: "found",
      head: "Included",
      align: "right",
      cell: (row) => `${row.includedCount} of ${row.foundCount}`,
    },
    { key: "approvals", head: "Approvals", align: "right", cell: (row) => `${row.approvals} of 2` },
    ...(hasStates ? [state] : []),
  ];
  return (
    <Table
      caption="Requests"
      columns={columns}
      rows={rows}
      rowKey={(row) => row.id}
      rowHref={(row) => `/requests/${row.id}`}
    />
  );
}

/** A requester's own requests. */
export function OwnRequestsTable({ rows, basisWords, now }: InboxProps) {
  const columns: Column<RequestRow>[] = [
    {
      key: "request",
      head: "Request",
      cell: (row) => (
        <span>
          <Link href={`/ask/${row.id}`} className="font-medium hover:underline">
            <IdText id={row.id} />
          </Link>
          <span className={under}>{row.reference}</span>
        </span>
      ),
    },
    {
      key: "place",
      head: "Place and interval",
      cell: (row) => (
        <span>
          <span className="block max-w-72 truncate" title={row.place}>
            {row.place}
          </span>
          <Interval row={row} />
        </span>
      ),
    },
    { key: "basis", head: "Legal basis", cell: (row) => basisWords[row.legalBasis] },
    { key: "state", head: "State", cell: (row) => <StatePill look={requestStates[row.state]} /> },
    { key: "due", head: "Answer due", cell: (row) => <Due request={row} now={now} /> },
  ];
  return (
    <Table
      caption="Your requests"
      columns={columns}
      rows={rows}
      rowKey={(row) => row.id}
      rowHref={(row) => `/ask/${row.id}`}
    />
  );
}
