import { IdText } from "@/components/ui/digest";
import { plural } from "@/components/ui/format";
import { Link } from "@/components/ui/link";
import { StatePill } from "@/components/ui/state-pill";
import { deviceStates } from "@/components/ui/states";
import { type Column, Table } from "@/components/ui/table";
import { RelativeTime, Time } from "@/components/ui/time";
import type { DeviceRow } from "@/lib/devices/types";

type DeviceTableProps = { rows: DeviceRow[]; rowHref: (row: DeviceRow) => string; selected?: string | undefined };

/** All devices by name. */
export function DeviceTable({ rows, rowHref, selected }: DeviceTableProps) {
  const columns: Column<DeviceRow>[] = [
    { key: "state", head: "State", cell: (row) => <StatePill look={deviceStates[row.state]} /> },
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
    { key: "alias", head: "Element", cell: (row) => row.alias && <span className="mono">{row.alias}</span> },
    { key: "site", head: "Site", cell: (row) => row.site?.name ?? <span className="text-muted">moves</span> },
    {
      key: "seen",
      head: "Last contact",
      cell: (row) => row.lastSeenAt && <RelativeTime at={row.lastSeenAt} zone={row.site?.timeZone} />,
    },
    { key: "last", head: "Last recording", cell: (row) => row.lastRecording && <LastRecording row={row} /> },
    {
      key: "uploads",
      head: "Uploading",
      cell: (row) => (row.openUploads > 0 ? plural(row.openUploads, "recording") : null),
    },
    { key: "id", head: "Device", cell: (row) => <IdText id={row.id} className="text-muted" /> },
  ];
  return (
    <Table
      caption="Devices by name"
      columns={columns}
      rows={rows}
      rowKey={(row) => row.id}
      rowHref={rowHref}
      selected={selected}
    />
  );
}

function LastRecording({ row }: { row: DeviceRow }) {
  if (row.lastRecording === null) return null;
  return (
    <Link href={`/recordings/${row.lastRecording.id}`} className="hover:underline">
      <Time at={row.lastRecording.startAt} zone={row.site?.timeZone} style="table" />
    </Link>
  );
}
