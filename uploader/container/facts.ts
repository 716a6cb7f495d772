/** What a look into the file's container tells. */
export type ContainerFacts = {
  mediaType: string;
  /**
   * True: the structure reaches the end of the file and nothing needed is missing. False: cut off or still being
   * written. Null: the format has no end that could be checked.
   */
  isComplete: boolean | null;
  /** What is missing, when isComplete is false. */
  missing: string | null;
  /** What was lost inside, although the end may be there. */
  damage: string | null;
  /** The recorder's own clock, when the container holds it: a hint, no more. */
  createdAt: Date | null;
  durationMs: number | null;
};

/** Reads by position. May return fewer bytes at the end of the file. */
export type RangeReader = {
  sizeBytes: number;
  read(position: number, lengthBytes: number): Promise<Buffer>;
};

/** Facts with nothing known but the type and whether the end was reached. */
export function plainFacts(mediaType: string, missing: string | null): ContainerFacts {
  return { mediaType, isComplete: missing === null, missing, damage: null, createdAt: null, durationMs: null };
}
