import { tzOffset } from "@date-fns/tz";
import { AppError } from "../errors.ts";

const wallTime = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2})?$/;
const instant = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2}(\.\d{1,6})?)?(Z|[+-]\d{2}:\d{2})$/;

/** Whether the calendar since 1970 knows this day and the day this minute; Date.parse takes 30 February for 2 March. */
function isReal(text: string): boolean {
  const minute = text.slice(0, 16);
  const atMs = Date.parse(`${minute}Z`);
  return atMs >= 0 && new Date(atMs).toISOString().startsWith(minute);
}

function instantsOf(wall: string, zone: string): number[] {
  const asIfUtc = Date.parse(`${wall}Z`);
  const dayMs = 86_400_000;
  const offsetsMs = [asIfUtc - dayMs, asIfUtc + dayMs].map((at) => tzOffset(zone, new Date(at)) * 60_000);
  return [...new Set(offsetsMs)]
    .map((offsetMs) => ({ at: asIfUtc - offsetMs, offsetMs }))
    .filter(({ at, offsetMs }) => tzOffset(zone, new Date(at)) * 60_000 === offsetMs)
    .map(({ at }) => at)
    .sort((a, b) => a - b);
}

/**
 * The instant of one end of an interval: wall time such as "2026-03-14T10:15" in `zone`, or a time that carries its
 * own offset. When clocks go back an hour happens twice; the interval then covers both, so that nothing asked for
 * is missed.
 *
 * @throws AppError invalid_input, with the field, for what is no time, or never happened in that zone
 */
export function readTime(text: string, zone: string, end: "from" | "until", field: string): Date {
  const parsed = new Date(text);
  if (instant.test(text) && isReal(text) && !Number.isNaN(parsed.getTime())) return parsed;
  if (!wallTime.test(text) || !isReal(text)) {
    throw new AppError("invalid_input", "Give a date and a time, as in 2026-03-14T10:15.", { field });
  }
  const found = instantsOf(text, zone);
  const chosen = end === "from" ? found[0] : found.at(-1);
  if (chosen === undefined) {
    throw new AppError("invalid_input", "Clocks were put forward then: this time did not happen in that zone.", {
      field,
    });
  }
  return new Date(chosen);
}
