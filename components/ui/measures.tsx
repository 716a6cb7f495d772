import { formatBytes, formatClock, formatCount } from "./format";

const none = <span className="text-muted">–</span>;

/** A size; null reads as a dash. The exact count is in the title. */
export function Bytes({ value }: { value: number | null }) {
  if (value === null) return none;
  return <span title={`${formatCount(value)} bytes`}>{formatBytes(value)}</span>;
}

/** A length of video; null reads as a dash. */
export function Duration({ ms }: { ms: number | null }) {
  return ms === null ? none : <span>{formatClock(ms)}</span>;
}
