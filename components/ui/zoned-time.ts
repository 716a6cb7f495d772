import { formatTime } from "./time-format";

/** "2026-03-14T10:31" as a clock in `zone` shows it; what a datetime-local field takes. */
export function toLocalInput(at: Date, zone: string): string {
  return formatTime(at, zone, "table").text.replace(" ", "T");
}

/**
 * The moment at which clocks in `zone` showed "2026-03-14T10:31"; null when the text is no such time. In the hour
 * that happens twice in autumn it is the first one; in the hour that spring leaves out, the moment of the change.
 */
export function fromLocalInput(text: string, zone: string): Date | null {
  const wanted = Date.parse(`${text}Z`);
  if (Number.isNaN(wanted)) return null;
  // The offset of a zone differs by whole minutes from guess to guess; around a change two guesses bracket it.
  const guesses = [
    wanted - offsetMs(new Date(wanted - 86_400_000), zone),
    wanted - offsetMs(new Date(wanted + 86_400_000), zone),
  ];
  const exact = guesses.filter((guess) => guess + offsetMs(new Date(guess), zone) === wanted);
  return new Date(exact.length > 0 ? Math.min(...exact) : Math.max(...guesses));
}

function offsetMs(at: Date, zone: string): number {
  const shown = formatTime(at, zone, "table").text.replace(" ", "T");
  const minute = Math.floor(at.getTime() / 60_000) * 60_000;
  return Date.parse(`${shown}:00Z`) - minute;
}
