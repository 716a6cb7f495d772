// RFC 3339 with a zone: a time without one is a guess, and evidence has no room for guesses.
const rfc3339 = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(?:\.\d{1,9})?(?:Z|[+-]\d{2}:\d{2})$/i;

/** Reads a time that a device declares; otherwise says why it is none, as the end of a sentence. */
export function readCaptureTime(text: string): Date | string {
  const time = new Date(text);
  const day = text.slice(0, 10);
  const isRealDay = !Number.isNaN(Date.parse(day)) && new Date(`${day}T00:00:00Z`).toISOString().startsWith(day);
  if (!rfc3339.test(text) || Number.isNaN(time.getTime()) || !isRealDay)
    return "must be a time with a zone, as in 2026-03-14T10:31:04.250+01:00";
  const year = time.getUTCFullYear();
  return year < 1970 || year > 2200 ? "must lie between the years 1970 and 2200" : time;
}
