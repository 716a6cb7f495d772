/**
 * Reads Retry-After: seconds or a date (RFC 9110, section 10.2.3).
 *
 * @param date the answer's own Date, against which a date is reckoned: this device's clock may be wrong
 */
export function readRetryAfter(value: string | undefined, date?: string): number | undefined {
  if (value === undefined) return undefined;
  if (/^\d{1,9}$/.test(value.trim())) return Number(value) * 1000;
  const until = Date.parse(value);
  const saidAt = Date.parse(date ?? "");
  return Number.isNaN(until) ? undefined : Math.max(0, until - (Number.isNaN(saidAt) ? Date.now() : saidAt));
}
