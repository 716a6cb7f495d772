import { Link } from "@/components/ui/link";
import { Pill, StatePill } from "@/components/ui/state-pill";
import { outcomes } from "@/components/ui/states";
import { type Column, Table } from "@/components/ui/table";
import { Time } from "@/components/ui/time";
import type { CustodyEventRow } from "@/lib/custody/types";
import { SubjectLink, subjectsOf } from "./event-subject";
import { actorRole } from "./feed-items";

type LogTableProps = {
  rows: CustodyEventRow[];
  rowHref: (row: CustodyEventRow) => string;
  selected?: string | undefined;
};

/** The custody log, newest first. */
export function LogTable({ rows, rowHref, selected }: LogTableProps) {
  const columns: Column<CustodyEventRow>[] = [
    {
      key: "at",
      head: "Time",
      sorted: "descending",
      cell: (row) => (
        <Link href={rowHref(row)} scroll={false} className="hover:underline">
          <Time at={row.at} style="table" />
        </Link>
      ),
    },
    { key: "actor", head: "Who", cell: (row) => <Who row={row} /> },
    { key: "action", head: "What", cell: (row) => row.sentence },
    {
      key: "subject",
      head: "About",
      cell: (row) =>
        subjectsOf(row)
          .slice(0, 1)
          .map((subject) => <SubjectLink key={subject.id} subject={subject} />)
          .at(0),
    },
    { key: "outcome", head: "Outcome", cell: (row) => <StatePill look={outcomes[row.outcome]} /> },
    {
      key: "purpose",
      head: "Purpose",
      wrap: true,
      cell: (row) => row.purpose && <span className="line-clamp-1">{row.purpose}</span>,
    },
    {
      key: "from",
      head: "From",
      cell: (row) => row.fromAddress && <span className="mono text-muted">{row.fromAddress}</span>,
    },
    { key: "seq", head: "No.", align: "right", cell: (row) => <span className="text-muted">{row.seq}</span> },
  ];
  return (
    <Table
      caption="Custody events, newest first"
      columns={columns}
      rows={rows}
      rowKey={(row) => row.seq}
      rowHref={rowHref}
      selected={selected}
    />
  );
}

function Who({ row }: { row: CustodyEventRow }) {
  const role = actorRole(row);
  return (
    <span>
      <span className="font-semibold">{row.actorName}</span>{" "}
      {role && role !== row.actorName && <Pill tone="plain">{role}</Pill>}
    </span>
  );
}
