import type { DeviceSettings } from "../../lib/protocol/index.ts";

/** One row of the weekly timetable. */
export type TimetableRow = DeviceSettings["transfer"]["timetable"][number];

const dayNames = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"] as const;
/** A row that is in force now, whichever it is, is over or begins again within a week. */
const lookAheadDays = 8;

/**
 * The strictest rate of the rows that hold at a moment, in this device's time zone; undefined when none does, null when
 * they set no limit. Only the wall clock's reading is looked at, so an hour that a change of summer time skips or
 * repeats is skipped or repeated here too.
 */
export function timetableRate(rows: readonly TimetableRow[], at: Date): number | null | undefined {
  const rates = rows.filter((row) => holds(row, at)).map(({ rateBytesPerSecond }) => rateBytesPerSecond);
  if (rates.length === 0) return undefined;
  const limits = rates.filter((rate) => rate !== null);
  return limits.length === 0 ? null : Math.min(...limits);
}

/** When the rate will be another one; null: never. */
export function nextTimetableChange(rows: readonly TimetableRow[], at: Date): Date | null {
  const rate = timetableRate(rows, at);
  const moments = rows
    .flatMap(({ from, to }) => [from, to])
    .flatMap((time) => Array.from({ length: lookAheadDays + 1 }, (_, days) => momentOf(at, days, time)))
    .filter((moment) => moment > at)
    .sort((a, b) => a.getTime() - b.getTime());
  return moments.find((moment) => timetableRate(rows, moment) !== rate) ?? null;
}

function holds({ days, from, to }: TimetableRow, at: Date): boolean {
  const time = `${twoDigits(at.getHours())}:${twoDigits(at.getMinutes())}`;
  const isToday = days.includes(dayNames[at.getDay()] ?? "sun");
  if (from < to) return isToday && from <= time && time < to;
  // Over midnight: the day is the one on which it began.
  const wasYesterday = days.includes(dayNames[(at.getDay() + 6) % 7] ?? "sun");
  return (isToday && from <= time) || (wasYesterday && time < to);
}

function momentOf(at: Date, days: number, time: string): Date {
  const [hours = 0, minutes = 0] = time.split(":").map(Number);
  return new Date(at.getFullYear(), at.getMonth(), at.getDate() + days, hours, minutes);
}

function twoDigits(value: number): string {
  return String(value).padStart(2, "0");
}
