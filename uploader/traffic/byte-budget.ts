import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { replaceFile } from "../state/durable-file.ts";

/** What a budget is kept for: an event and a file that was asked for share one. */
export type BudgetClass = "bulk" | "events";

const counters = z.object({ day: z.number().nonnegative(), month: z.number().nonnegative() });
const fileSchema = z.object({ version: z.literal(1), day: z.string(), bulk: counters, events: counters });

type Counts = Record<BudgetClass, z.infer<typeof counters>>;

/** So much is written down before it is spent: a power cut may count too much by this, and never too little. */
const aheadBytes = 1024 * 1024;

/** How many bytes went over metered links, today and this month, across restarts and power cuts. */
export class ByteBudget {
  readonly #path: string;
  #day: string;
  #counts: Counts;
  /** What is on the disk: at least what was spent. */
  #written: Counts;
  #writing: Promise<void> | null = null;

  private constructor(path: string, day: string, counts: Counts) {
    this.#path = path;
    this.#day = day;
    this.#counts = counts;
    this.#written = structuredClone(counts);
  }

  /** Reads what was spent; a damaged file counts as nothing spent. */
  static async open(stateFolder: string): Promise<ByteBudget> {
    const path = join(stateFolder, "traffic.json");
    try {
      const { day, bulk, events } = fileSchema.parse(JSON.parse(await readFile(path, "utf8")));
      return new ByteBudget(path, day, { bulk, events });
    } catch {
      return new ByteBudget(path, "", { bulk: { day: 0, month: 0 }, events: { day: 0, month: 0 } });
    }
  }

  /** Bytes spent in the running day and month. */
  spent(cls: BudgetClass): { day: number; month: number } {
    return { ...this.#counts[cls] };
  }

  /** It is this day now (2026-03-14, local time). Not to be told while the clock is not to be believed. */
  turnTo(day: string): void {
    if (day === this.#day) return;
    const isSameMonth = day.slice(0, 7) === this.#day.slice(0, 7);
    // What was spent before any day was known is this day's.
    const isFirst = this.#day === "";
    for (const counts of Object.values(this.#counts)) {
      if (!isFirst) counts.day = 0;
      if (!isFirst && !isSameMonth) counts.month = 0;
    }
    this.#day = day;
    this.#written = structuredClone(this.#counts);
  }

  /** Counts bytes; resolves when a power cut cannot take them back any more. A disk that takes nothing is no reason to stop. */
  async spend(bytes: number, cls: BudgetClass): Promise<void> {
    this.#counts[cls].day += bytes;
    this.#counts[cls].month += bytes;
    while (this.#counts[cls].day > this.#written[cls].day) {
      this.#writing ??= this.#write().finally(() => {
        this.#writing = null;
      });
      await this.#writing;
    }
  }

  async #write(): Promise<void> {
    const ahead = ({ day, month }: Counts["bulk"]) => ({ day: day + aheadBytes, month: month + aheadBytes });
    const counts = { bulk: ahead(this.#counts.bulk), events: ahead(this.#counts.events) };
    const file = { version: 1, day: this.#day, ...counts };
    await replaceFile(this.#path, `${JSON.stringify(file)}\n`, true).catch(() => undefined);
    this.#written = counts;
  }
}
