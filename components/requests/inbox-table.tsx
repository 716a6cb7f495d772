import { IdText } from "@/components/ui/digest";
import { Link } from "@/components/ui/link";
import { StatePill } from "@/components/ui/state-pill";
import { requestStates } from "@/components/ui/states";
import { type Column, Table } from "@/components/ui/table";
import { TimeInterval } from "@/components/ui/time";
import type { RequestRow } from "@/lib/access/types";
import { Due } from "./due";

/** Words for each legal basis, from the domain's own table. */
export type BasisWords = Record<RequestRow["legalBasis"], string>;

type InboxProps = { rows: RequestRow[]; basisWords: BasisWords; now: Date };

const under = "block text-muted text-xs";

/** Requests as officers and auditors see them. */
export function InboxTable({ rows, basisWords, now }: InboxProps) {
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
      wrap: true,
      cell: (row) => (
        <span>
          {row.requester.name}
          <span className={under}>{row.requester.organisation}</span>
        </span>
      ),
    },
    { key: "basis", head: "Legal basis", cell: (row) => basisWords[row.legalBasis] },
    {
      key: "place",
      head: "Place and interval",
      wrap: true,
      cell: (row) => (
        <span>
          {row.site?.name ?? row.place}
          <span className={under}>
            <TimeInterval from={row.intervalFrom} until={row.intervalUntil} zone={row.timeZone} />
          </span>
        </span>
      ),
    },
    {
      key: "found",
      head: "Included of found",
      align: "right",
      cell: (row) => `${row.includedCount} of ${row.foundCount}`,
    },
    { key: "approvals", head: "Approvals", align: "right", cell: (row) => `${row.approvals} of 2` },
    { key: "state", head: "State", cell: (row) => <StatePill look={requestStates[row.state]} /> },
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
      wrap: true,
      cell: (row) => (
        <span>
          {row.place}
          <span className={under}>
            <TimeInterval from={row.intervalFrom} until={row.intervalUntil} zone={row.timeZone} />
          </span>
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
