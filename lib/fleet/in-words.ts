const units: readonly [name: string, seconds: number][] = [
  ["d", 86_400],
  ["h", 3_600],
  ["min", 60],
  ["s", 1],
];

/** A length of time in its two largest units, as in "2 h 10 min". */
export function inWords(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1000));
  const first = units.findIndex(([, size]) => seconds >= size);
  if (first === -1) return "0 s";
  const [name, size] = units[first] ?? ["s", 1];
  const [nextName, nextSize] = units[first + 1] ?? ["", 0];
  const rest = nextSize === 0 ? 0 : Math.floor((seconds % size) / nextSize);
  return `${Math.floor(seconds / size)} ${name}${rest === 0 ? "" : ` ${rest} ${nextName}`}`;
}
