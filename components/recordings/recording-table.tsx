import { IdText } from "@/components/ui/digest";
import { formatBytes } from "@/components/ui/format";
import { Link } from "@/components/ui/link";
import { Bytes, Duration } from "@/components/ui/measures";
import { StatePill } from "@/components/ui/state-pill";
import { recordingLook } from "@/components/ui/states";
import { type Column, Table } from "@/components/ui/table";
import { Time } from "@/components/ui/time";
import type { RecordingRow } from "@/lib/recordings/types";

type RecordingTableProps = {
  rows: RecordingRow[];
  /** Address of the list with this row open in the panel. */
  rowHref: (row: RecordingRow) => string;
  selected?: string | undefined;
};

/** The catalogue as a table, latest start first. */
export function RecordingTable({ rows, rowHref, selected }: RecordingTableProps) {
  return (
    <Table
      caption="Recordings, latest start first"
      columns={columns}
      rows={rows}
      rowKey={(row) => row.id}
      rowHref={rowHref}
      selected={selected}
    />
  );
}

const columns: Column<RecordingRow>[] = [
  { key: "state", head: "State", cell: (row) => <StatePill look={recordingLook(row)} /> },
  {
    key: "id",
    head: "Recording",
    cell: (row) => (
      <Link href={`/recordings/${row.id}`} className="hover:underline">
        <IdText id={row.id} />
      </Link>
    ),
  },
  { key: "start", head: "Start", sorted: "descending", cell: (row) => <Start row={row} /> },
  { key: "length", head: "Length", align: "right", cell: (row) => row.durationMs && <Duration ms={row.durationMs} /> },
  { key: "site", head: "Site", cell: (row) => row.site?.name ?? row.place },
  {
    key: "device",
    head: "Device",
    cell: (row) => (
      <>
        {row.device.name} {row.alias && <span className="mono text-muted">{row.alias}</span>}
      </>
    ),
  },
  { key: "source", head: "Source", cell: (row) => row.source && <span className="text-muted">{row.source}</span> },
  { key: "size", head: "Size", align: "right", cell: (row) => <Size row={row} /> },
];

function Start({ row }: { row: RecordingRow }) {
  return (
    <span>
      <Time at={row.startAt} zone={row.site?.timeZone} style="table" />
      {!row.isCaptureDeclared && (
        <span
          className="text-muted"
          title="The device declared no capture time; this is when the recording was announced."
        >
          {" "}
          (arrival)
        </span>
      )}
    </span>
  );
}

function Size({ row }: { row: RecordingRow }) {
  if (row.state !== "receiving") return <Bytes value={row.sizeBytes} />;
  if (row.isAbandoned) return <span className="text-muted">nothing kept</span>;
  if (row.sizeBytes === null) return <span>{formatBytes(row.offsetBytes)} so far</span>;
  const percent = row.sizeBytes === 0 ? 100 : Math.floor((100 * row.offsetBytes) / row.sizeBytes);
  return (
    <span>
      <span className="text-muted">{percent} % of </span>
      {formatBytes(row.sizeBytes)}
    </span>
  );
}
