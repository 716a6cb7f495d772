/** What is said about a recording beside its bytes; null: nothing. */
export type CaptureHints = {
  /** It goes out before what is not one. */
  isEvent: boolean;
  tags: readonly string[];
  source: string | null;
  alias: string | null;
  place: string | null;
  /** RFC 3339, with a zone. */
  capturedFrom: string | null;
  capturedUntil: string | null;
  clock: { source: string; offsetMs?: number; uncertaintyMs?: number } | null;
  /** Where it was recorded, as its sidecar says it. */
  gps: { latitude: number; longitude: number } | null;
  /** Why its recorder says that it does not reach its end. */
  incomplete: string | null;
};

/** Nothing said. */
export const noHints: CaptureHints = {
  isEvent: false,
  tags: [],
  source: null,
  alias: null,
  place: null,
  capturedFrom: null,
  capturedUntil: null,
  clock: null,
  gps: null,
  incomplete: null,
};

/** Both together; where both say something, the first counts. */
export function mergeHints(first: CaptureHints, second: CaptureHints): CaptureHints {
  // A time span comes from one mouth: half of one and half of another would be a lie.
  const span = first.capturedFrom === null ? second : first;
  return {
    isEvent: first.isEvent || second.isEvent,
    tags: [...new Set([...first.tags, ...second.tags])],
    source: first.source ?? second.source,
    alias: first.alias ?? second.alias,
    place: first.place ?? second.place,
    capturedFrom: span.capturedFrom,
    capturedUntil: span.capturedUntil,
    clock: first.clock ?? second.clock,
    gps: first.gps ?? second.gps,
    incomplete: first.incomplete ?? second.incomplete,
  };
}
