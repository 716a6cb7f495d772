/** A span of time, from before until. */
export type Span = { from: Date; until: Date };

/** Where a span lies on a track, as shares of its length, cut off at its ends. */
export function placeOnTrack(span: Span, track: Span): { left: number; width: number } {
  const lengthMs = track.until.getTime() - track.from.getTime();
  const share = (at: Date) => Math.min(1, Math.max(0, (at.getTime() - track.from.getTime()) / lengthMs));
  const left = share(span.from);
  return { left, width: share(span.until) - left };
}

/** Parts of the track that no span covers, in order; those shorter than a second are left out. */
export function uncovered(track: Span, spans: readonly Span[]): Span[] {
  const endMs = track.until.getTime();
  const gaps: Span[] = [];
  let reachedMs = track.from.getTime();
  const reach = (fromMs: number) => {
    const untilMs = Math.min(fromMs, endMs);
    if (untilMs - reachedMs >= 1000) gaps.push({ from: new Date(reachedMs), until: new Date(untilMs) });
  };
  for (const span of [...spans].sort((a, b) => a.from.getTime() - b.from.getTime())) {
    reach(span.from.getTime());
    reachedMs = Math.max(reachedMs, span.until.getTime());
  }
  reach(endMs);
  return gaps;
}
