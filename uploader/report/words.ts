const units = ["B", "kB", "MB", "GB", "TB"];

/** A number of bytes for people, in decimal units with three digits at most. */
export function sizeInWords(bytes: number): string {
  let value = bytes;
  let unit = 0;
  while (value >= 999.5 && unit < units.length - 1) {
    value /= 1000;
    unit += 1;
  }
  return `${unit === 0 || value >= 99.95 ? Math.round(value) : value.toFixed(1)} ${units[unit]}`;
}

/** A duration for people: 42 s, 3 min 20 s, 2 h 05 min. */
export function durationInWords(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds));
  if (whole < 60) return `${whole} s`;
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${String(whole % 60).padStart(2, "0")} s`;
  return `${Math.floor(whole / 3600)} h ${String(Math.floor((whole % 3600) / 60)).padStart(2, "0")} min`;
}

/** A share as whole per cent; 100 only when nothing is missing. */
export function percentInWords(part: number, whole: number): string {
  if (whole === 0) return "0 %";
  return `${part >= whole ? 100 : Math.min(99, Math.floor((part / whole) * 100))} %`;
}
