const sizeUnits = ["bytes", "kB", "MB", "GB", "TB", "PB"] as const;

/** Bytes in decimal units, three digits: 1 234 567 becomes "1.23 MB". */
export function formatBytes(bytes: number): string {
  if (bytes < 1000) return `${bytes} ${bytes === 1 ? "byte" : "bytes"}`;
  // 999.5 and more of a unit would round to 1000 of it, which is 1 of the next.
  const power = Math.min(Math.floor(Math.log10(bytes / 0.9995) / 3), sizeUnits.length - 1);
  const value = bytes / 1000 ** power;
  const digits = value >= 100 ? 0 : value >= 10 ? 1 : 2;
  return `${value.toFixed(digits)} ${sizeUnits[power]}`;
}

/** A length of video as a clock shows it: "06:12", "1:02:03". */
export function formatClock(ms: number): string {
  const seconds = Math.round(ms / 1000);
  const [h, m, s] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60];
  const tail = `${String(m).padStart(2, "0")}:${String(s).padStart(2, "0")}`;
  return h === 0 ? tail : `${h}:${tail}`;
}

/** A span of time in words, two units at most: "1 day 4 h", "12 min", "40 s". */
export function formatSpan(ms: number): string {
  const seconds = Math.round(Math.abs(ms) / 1000);
  if (seconds < 60) return `${seconds} s`;
  const minutes = Math.round(seconds / 60);
  if (minutes < 60) return `${minutes} min`;
  const hours = Math.floor(minutes / 60);
  if (hours < 24) return minutes % 60 === 0 ? `${hours} h` : `${hours} h ${minutes % 60} min`;
  const days = Math.floor(hours / 24);
  const dayWord = days === 1 ? "1 day" : `${days} days`;
  return hours % 24 === 0 || days >= 7 ? dayWord : `${dayWord} ${hours % 24} h`;
}

/** "1 chunk", "170 chunks", with thin groups of three digits. */
export function plural(count: number, one: string, many = `${one}s`): string {
  return `${formatCount(count)} ${count === 1 ? one : many}`;
}

/** A whole number in groups of three: 48213 becomes "48 213" (narrow no-break spaces). */
export function formatCount(count: number): string {
  return String(count).replace(/\B(?=(\d{3})+$)/g, "\u202f");
}
