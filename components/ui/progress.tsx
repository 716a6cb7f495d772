/** A bar with its words: how much of how much. */
export function Progress({ label, value, max, words }: { label: string; value: number; max: number; words?: string }) {
  const percent = max === 0 ? 100 : Math.floor((100 * value) / max);
  return (
    <div>
      <progress className="bar" aria-label={label} value={value} max={max || 1}>
        {percent} %
      </progress>
      <p className="mt-1 text-muted text-sm">{words ?? `${percent} %`}</p>
    </div>
  );
}
