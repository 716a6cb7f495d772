import { formatBytes, formatSpan, plural } from "@/components/ui/format";
import { type Column, Table } from "@/components/ui/table";
import { TimeInterval } from "@/components/ui/time";
import type { ChunkRun } from "@/lib/recordings/types";

/** The map of chunks as a table: one row for each go in which they arrived. */
export function ChunkRunTable({ runs, zone }: { runs: ChunkRun[]; zone: string | undefined }) {
  const columns: Column<ChunkRun>[] = [
    { key: "chunks", head: "Chunks", cell: (run) => `${run.firstIndex + 1} to ${run.lastIndex + 1}` },
    {
      key: "when",
      head: "Arrived",
      cell: (run) => <TimeInterval from={run.startedAt} until={run.endedAt} zone={zone} />,
    },
    { key: "bytes", head: "Bytes", align: "right", cell: (run) => formatBytes(run.bytes) },
    { key: "from", head: "From", cell: (run) => run.receivedFrom && <span className="mono">{run.receivedFrom}</span> },
    {
      key: "pause",
      head: "Pause before",
      align: "right",
      cell: (run) => (run.pauseMs === null ? null : formatSpan(run.pauseMs)),
    },
  ];
  return (
    <details className="mt-3">
      <summary className="text-accent text-sm">Show as a table ({plural(runs.length, "run")})</summary>
      <div className="mt-2 -mx-4 overflow-x-auto sm:-mx-5">
        <Table caption="Chunks by arrival" columns={columns} rows={runs} rowKey={(run) => String(run.firstIndex)} />
      </div>
    </details>
  );
}
