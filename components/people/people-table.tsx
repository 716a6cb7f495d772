import { Link } from "@/components/ui/link";
import { StatePill } from "@/components/ui/state-pill";
import { accountStates, roleNames } from "@/components/ui/states";
import { type Column, Table } from "@/components/ui/table";
import { RelativeTime, Time } from "@/components/ui/time";
import type { AccountRow, OrganisationRow } from "@/lib/people/types";
import { organisationKinds } from "./organisation-kinds";

type PeopleTableProps = { rows: AccountRow[]; rowHref: (row: AccountRow) => string; selected?: string | undefined };

/** All accounts by name. */
export function PeopleTable({ rows, rowHref, selected }: PeopleTableProps) {
  const columns: Column<AccountRow>[] = [
    { key: "state", head: "State", cell: (row) => <StatePill look={accountStates[row.state]} /> },
    {
      key: "name",
      head: "Name",
      sorted: "ascending",
      cell: (row) => (
        <Link href={rowHref(row)} scroll={false} className="font-semibold hover:underline">
          {row.name}
        </Link>
      ),
    },
    { key: "email", head: "E-mail", cell: (row) => row.email },
    { key: "role", head: "Role", cell: (row) => roleNames[row.role] },
    { key: "organisation", head: "Organisation", cell: (row) => row.organisation.name },
    { key: "login", head: "Last signed in", cell: (row) => row.lastLoginAt && <RelativeTime at={row.lastLoginAt} /> },
  ];
  return (
    <Table
      caption="People by name"
      columns={columns}
      rows={rows}
      rowKey={(row) => row.id}
      rowHref={rowHref}
      selected={selected}
    />
  );
}

const organisationColumns: Column<OrganisationRow>[] = [
  { key: "name", head: "Name", sorted: "ascending", cell: (row) => <b className="font-semibold">{row.name}</b> },
  { key: "kind", head: "Kind", cell: (row) => organisationKinds[row.kind] },
  { key: "people", head: "People", align: "right", cell: (row) => String(row.accountCount) },
  { key: "created", head: "Added", cell: (row) => <Time at={row.createdAt} style="date" /> },
];

/** All organisations by name. */
export function OrganisationTable({ rows }: { rows: OrganisationRow[] }) {
  return <Table caption="Organisations by name" columns={organisationColumns} rows={rows} rowKey={(row) => row.id} />;
}
