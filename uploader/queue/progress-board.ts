import type { UploaderEvent } from "../report/events.ts";

/** How far a file has come that is being sent. */
export type Progress = { acknowledgedBytes: number; bytesPerSecond: number; secondsLeft: number | null };

/** What the events of deliveries say, kept for `status`: how far each file is. */
export class ProgressBoard {
  readonly #files = new Map<string, Progress>();

  /** Takes an event in. @returns whether it shows that the link works */
  note(event: UploaderEvent): boolean {
    if (event.event === "upload")
      this.#files.set(event.file, { acknowledgedBytes: event.offsetBytes, bytesPerSecond: 0, secondsLeft: null });
    if (event.event === "progress") {
      const { acknowledgedBytes, bytesPerSecond, secondsLeft } = event;
      this.#files.set(event.file, { acknowledgedBytes, bytesPerSecond, secondsLeft });
    }
    if (event.event === "delivered" || event.event === "failed") this.#files.delete(event.file);
    return ["upload", "progress", "delivered", "done"].includes(event.event);
  }

  /** Forgets every file but these: it was given up, or will say anew where it goes on. */
  keepOnly(files: ReadonlySet<string>): void {
    for (const file of this.#files.keys()) if (!files.has(file)) this.#files.delete(file);
  }

  of(file: string): Progress {
    return this.#files.get(file) ?? { acknowledgedBytes: 0, bytesPerSecond: 0, secondsLeft: null };
  }
}
