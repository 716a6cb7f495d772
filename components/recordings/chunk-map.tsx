import { formatCount, formatSpan, plural } from "@/components/ui/format";
import type { ChunkRun } from "@/lib/recordings/types";

type ChunkMapProps = {
  runs: ChunkRun[];
  chunkSizeBytes: number;
  /** Length of the whole file; null while it is not known. */
  sizeBytes: number | null;
  /** Cells in a row at most, of 16 px; narrower screens shrink them. */
  columns?: number;
};

const maxCells = 1_200;
/** A phone has room for so many cells of full size. */
const minColumns = 20;
const pitch = 16;
const cell = 14;

/**
 * What arrived, and in how many goes: one cell a chunk, neighbouring runs in two shades, outlines for what is
 * missing. A drawing of one path a run, made on the server, so that ten thousand chunks cost the browser nothing;
 * above 1,200 chunks a cell stands for several. The same is said in words below it, and in ChunkRunTable.
 */
export function ChunkMap({ runs, chunkSizeBytes, sizeBytes, columns: maxColumns = 22 }: ChunkMapProps) {
  const arrived = (runs.at(-1)?.lastIndex ?? -1) + 1;
  const total = Math.max(sizeBytes === null ? 0 : Math.ceil(sizeBytes / chunkSizeBytes), arrived);
  if (total === 0) return <p className="text-muted text-sm">No chunk has arrived yet.</p>;
  const perCell = Math.ceil(total / maxCells);
  const cellCount = Math.ceil(total / perCell);
  const columns = Math.min(maxColumns, Math.max(minColumns, cellCount));
  const [width, height] = [columns, Math.ceil(cellCount / columns)].map((count) => count * pitch - (pitch - cell));
  return (
    <figure>
      <svg
        viewBox={`0 0 ${width} ${height}`}
        width={width}
        role="img"
        aria-label={`${plural(arrived, "chunk")} of ${total} arrived`}
        className="block h-auto max-w-full"
      >
        <path d={cells(Math.ceil(arrived / perCell), cellCount - 1, columns, 0.75)} className="fill-none stroke-edge" />
        {runs.map((run, index) => (
          <path
            key={run.firstIndex}
            d={cells(Math.floor(run.firstIndex / perCell), Math.floor(run.lastIndex / perCell), columns, 0)}
            className={index % 2 === 0 ? "fill-bar" : "fill-accent"}
          >
            <title>{runWords(run)}</title>
          </path>
        ))}
      </svg>
      <figcaption className="mt-1.5 text-muted text-sm">{summary(runs, arrived, total, perCell)}</figcaption>
    </figure>
  );
}

/** The path of cells `first` to `last`, row by row; `inset` keeps an outline inside its cell. */
function cells(first: number, last: number, columns: number, inset: number): string {
  const side = cell - 2 * inset;
  const parts: string[] = [];
  for (let index = first; index <= last; index++) {
    const x = (index % columns) * pitch + inset;
    const y = Math.floor(index / columns) * pitch + inset;
    parts.push(`M${x + 3} ${y}h${side - 6}q3 0 3 3v${side - 6}q0 3-3 3h-${side - 6}q-3 0-3-3v-${side - 6}q0-3 3-3z`);
  }
  return parts.join("");
}

function runWords(run: ChunkRun): string {
  const chunks = `Chunks ${run.firstIndex + 1} to ${run.lastIndex + 1}`;
  return run.receivedFrom === "" ? chunks : `${chunks}, from ${run.receivedFrom}`;
}

function summary(runs: ChunkRun[], arrived: number, total: number, perCell: number): string {
  const longest = Math.max(0, ...runs.map((run) => run.pauseMs ?? 0));
  return [
    arrived === total
      ? `${plural(total, "chunk")}, all here`
      : `${formatCount(arrived)} of ${plural(total, "chunk")} here; outlines are missing`,
    runs.length > 1 && `in ${runs.length} runs, longest pause ${formatSpan(longest)}`,
    runs.length === 1 && "in one run",
    runs.some((run) => run.isGrowing) && "the last one is still growing",
    perCell > 1 && `each cell is ${perCell} chunks`,
  ]
    .filter(Boolean)
    .join("; ")
    .concat(".");
}
