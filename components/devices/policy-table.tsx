import { formatBytes, formatSpan, plural } from "@/components/ui/format";
import { Link } from "@/components/ui/link";
import { Pill } from "@/components/ui/state-pill";
import { type Column, Table } from "@/components/ui/table";
import { Time } from "@/components/ui/time";
import type { PolicyRow } from "@/lib/fleet/types";

const hrefOf = (row: PolicyRow) => `/devices/policies/${row.id}`;

/** All policies, the default one first. */
export function PolicyTable({ rows }: { rows: PolicyRow[] }) {
  return (
    <Table
      caption="Policies, the default one first"
      columns={columns}
      rows={rows}
      rowKey={(row) => row.id}
      rowHref={hrefOf}
    />
  );
}

const columns: Column<PolicyRow>[] = [
  {
    key: "name",
    head: "Name",
    cell: (row) => (
      <>
        <Link href={hrefOf(row)} className="font-semibold hover:underline">
          {row.name}
        </Link>{" "}
        {row.isDefault && <Pill tone="plain">For all others</Pill>}
      </>
    ),
  },
  { key: "devices", head: "Devices", align: "right", cell: (row) => String(row.deviceCount) },
  { key: "sending", head: "Sending", cell: (row) => sendingWords(row) },
  { key: "deletion", head: "On the device", cell: (row) => deletionWords(row) },
  { key: "silent", head: "Silent after", cell: (row) => formatSpan(row.silentAfterSeconds * 1000) },
  {
    key: "key",
    head: "New key after",
    cell: (row) => (row.keyMaxAgeDays === null ? null : plural(row.keyMaxAgeDays, "day")),
  },
  { key: "version", head: "Version", align: "right", cell: (row) => String(row.version) },
  { key: "changed", head: "Changed", cell: (row) => <Time at={row.changedAt} style="date" /> },
];

function sendingWords({ settings: { transfer } }: PolicyRow): string {
  const parts = [
    transfer.rateBytesPerSecond === null ? "no limit" : `${formatBytes(transfer.rateBytesPerSecond)}/s`,
    transfer.timetable.length > 0 && "by timetable",
    transfer.metered.bulk === "hold" && "not on paid links",
  ];
  return parts.filter(Boolean).join(", ");
}

function deletionWords({ settings: { deletion } }: PolicyRow): string {
  return deletion.policy === "never" ? "kept" : `deleted after ${formatSpan(deletion.holdHours * 3_600_000)}`;
}
