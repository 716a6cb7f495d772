import { TriangleAlert, Zap } from "lucide-react";
import { formatBytes, formatSpan, plural } from "@/components/ui/format";
import { Link } from "@/components/ui/link";
import { StatePill } from "@/components/ui/state-pill";
import { type Column, Table } from "@/components/ui/table";
import { RelativeTime } from "@/components/ui/time";
import type { FleetRow, FleetSort, FleetSortKey } from "@/lib/fleet/types";
import { ClockError } from "./clock-error";
import { deviceLook } from "./device-looks";
import { NotReported } from "./not-reported";

type FleetTableProps = {
  rows: FleetRow[];
  /** Address of the list with this row open in the panel. */
  rowHref: (row: FleetRow) => string;
  selected?: string | undefined;
  sort: FleetSort;
  /** Address of the list in another order. */
  sortHref: (sort: FleetSort) => string;
  now: Date;
  /** Says in each row what is wrong, and not by a sign alone. */
  tellsWhy?: boolean;
};

/** The fleet: where each device is, when it was heard, what it has left to send. */
export function FleetTable({ rows, rowHref, selected, sort, sortHref, now, tellsWhy = false }: FleetTableProps) {
  const sortable = (key: FleetSortKey) => {
    const isSorted = sort.key === key;
    const isAscending = isSorted && !sort.isDescending;
    return {
      key,
      sortHref: sortHref({ key, isDescending: isAscending }),
      ...(isSorted && { sorted: sort.isDescending ? ("descending" as const) : ("ascending" as const) }),
    };
  };
  const columns: Column<FleetRow>[] = [
    { ...sortable("state"), head: "State", cell: (row) => <StatePill look={deviceLook(row)} /> },
    { ...sortable("name"), head: "Device", cell: (row) => <Name row={row} tellsWhy={tellsWhy} />, wrap: true },
    { ...sortable("site"), head: "Site", cell: (row) => <Site row={row} /> },
    { ...sortable("contact"), head: "Last contact", cell: (row) => <Contact row={row} /> },
    { ...sortable("queue"), head: "Queue", cell: (row) => <Queue row={row} /> },
    { ...sortable("oldest"), head: "Oldest", cell: (row) => <Oldest row={row} now={now} /> },
    { ...sortable("recording"), head: "Recorded", cell: (row) => <LastRecording row={row} /> },
    { ...sortable("clock"), head: "Clock", cell: (row) => <Clock row={row} /> },
    { ...sortable("disk"), head: "Disk left", align: "right", cell: (row) => <Disk row={row} /> },
    { ...sortable("version"), head: "Uploader", cell: (row) => row.uploader?.version ?? <NotReported /> },
    { ...sortable("key"), head: "Key due", cell: (row) => <Key row={row} now={now} /> },
  ];
  return (
    <Table
      caption="Devices"
      columns={columns}
      rows={rows}
      rowKey={(row) => row.id}
      rowHref={rowHref}
      selected={selected}
      // Eleven columns: closer than elsewhere, with a narrower name, so that a desk's screen shows them all.
      className="sm:[&_td[data-wrap]]:min-w-40 sm:[&_td]:px-2 sm:[&_th]:px-2"
    />
  );
}

function Name({ row, tellsWhy }: { row: FleetRow; tellsWhy: boolean }) {
  const [worst, ...others] = row.alarms;
  return (
    <span className="wrap-anywhere inline-block min-w-36 max-w-72 max-sm:max-w-full">
      <Link href={`/devices/${row.id}`} className="font-semibold hover:underline">
        <bdi>{row.name}</bdi>
      </Link>{" "}
      {row.alias && <span className="mono inline-block text-muted">{row.alias}</span>}
      {worst && !tellsWhy && <AlarmSign text={row.alarms.map(({ sentence }) => sentence).join(" ")} />}
      {worst && tellsWhy && (
        <span className="block text-muted text-xs">
          {worst.sentence}
          {others.length > 0 && ` And ${others.length} more.`}
        </span>
      )}
    </span>
  );
}

function AlarmSign({ text }: { text: string }) {
  return (
    <span className="text-wait" title={text}>
      {" "}
      <TriangleAlert aria-hidden className="-mt-0.5 inline size-3.5" />
      <span className="sr-only">{text}</span>
    </span>
  );
}

function Site({ row }: { row: FleetRow }) {
  if (row.site === null) return <span className="text-muted">moves</span>;
  return (
    <span className="inline-block max-w-32 truncate align-bottom max-sm:max-w-full" title={row.site.name}>
      {row.site.name}
    </span>
  );
}

function Contact({ row }: { row: FleetRow }) {
  if (row.lastContactAt === null) return <span className="text-muted">never</span>;
  return <RelativeTime at={row.lastContactAt} zone={row.site?.timeZone} />;
}

function Queue({ row }: { row: FleetRow }) {
  if (row.queue === null) return <NotReported />;
  const { files, bytes, events } = row.queue;
  if (files === 0) return <span className="text-muted">empty</span>;
  return (
    <span>
      {plural(files, "file")} <span className="text-muted">{formatBytes(bytes)}</span>
      {events > 0 && (
        <span className="text-wait" title={`${plural(events, "urgent one")} among them`}>
          {" "}
          <Zap aria-hidden className="-mt-0.5 inline size-3.5" />
          <span className="sr-only">{plural(events, "urgent one")} among them</span>
        </span>
      )}
    </span>
  );
}

function Oldest({ row, now }: { row: FleetRow; now: Date }) {
  if (row.queue === null) return <NotReported />;
  if (row.queue.oldestAt === null) return <span className="text-muted">–</span>;
  const { oldestAt } = row.queue;
  return (
    <time dateTime={oldestAt.toISOString()} title={oldestAt.toISOString()}>
      {formatSpan(now.getTime() - oldestAt.getTime())}
    </time>
  );
}

function LastRecording({ row }: { row: FleetRow }) {
  if (row.lastRecording === null) return <span className="text-muted">none yet</span>;
  return (
    <Link href={`/recordings/${row.lastRecording.id}`} className="hover:underline">
      <RelativeTime at={row.lastRecording.startAt} zone={row.site?.timeZone} focusable={false} />
    </Link>
  );
}

function Clock({ row }: { row: FleetRow }) {
  const offsetMs = row.clock?.offsetMs ?? null;
  return offsetMs === null ? <NotReported /> : <ClockError offsetMs={offsetMs} />;
}

function Disk({ row }: { row: FleetRow }) {
  if (row.disk === null) return <NotReported />;
  const isLow = row.alarms.some(({ kind }) => kind === "disk_nearly_full");
  return <span className={isLow ? "font-semibold text-bad" : ""}>{formatBytes(row.disk.freeBytes)}</span>;
}

function Key({ row, now }: { row: FleetRow; now: Date }) {
  if (row.key === null) return <span className="text-muted">plain token</span>;
  const { createdAt, dueAt } = row.key;
  if (dueAt === null) return <span className="text-muted">never</span>;
  const days = Math.floor((dueAt.getTime() - now.getTime()) / 86_400_000);
  const from = { title: `Since ${createdAt.toISOString().slice(0, 10)}, due ${dueAt.toISOString().slice(0, 10)}` };
  if (days < 0)
    return (
      <span className="font-semibold text-wait" {...from}>
        {plural(-days, "day")} late
      </span>
    );
  return <span {...from}>{plural(days, "day")}</span>;
}
