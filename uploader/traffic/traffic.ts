import { type DeviceSettings, defaultDeviceSettings, type FileClass } from "../../lib/protocol/index.ts";
import type { Waiting } from "../waiting.ts";
import { ByteBucket } from "./byte-bucket.ts";
import { type BudgetClass, ByteBudget } from "./byte-budget.ts";
import { isNamed, type Link, readLink } from "./read-link.ts";
import { nextTimetableChange, timetableRate } from "./timetable.ts";

/** What goes over the link: files by urgency, and everything small that keeps the device known (`control`). */
export type TrafficClass = FileClass | "control";

/** What decides how much may go out, and when. */
export type TransferSettings = DeviceSettings["transfer"];

const urgencyOf: Record<FileClass, number> = { wanted: 2, event: 1, bulk: 0 };
/** The link, the timetable and the budgets' day are looked at so often. */
const lookMs = 30_000;

type TrafficOptions = {
  /** A limit of this device that no settings lift; null: none. */
  capBytesPerSecond: number | null;
  budget: ByteBudget;
  /** Milliseconds since 1970; null while no clock here is to be believed. */
  wallMs: () => number | null;
  readLink: () => Promise<Link>;
};

/**
 * Decides what may go over the link. Rates hold for every byte; a class that is held back stops at the next PATCH,
 * where the caller asks `whyNot`. What keeps the device known never waits.
 */
export class Traffic {
  readonly #options: TrafficOptions;
  readonly #bucket: ByteBucket;
  readonly #listeners = new Set<() => void>();
  #settings: TransferSettings = defaultDeviceSettings.transfer;
  #link: Link = { interface: null, isMetered: null };
  #timer: NodeJS.Timeout | null = null;
  #verdict = "";

  constructor(options: TrafficOptions) {
    this.#options = options;
    this.#bucket = new ByteBucket(options.capBytesPerSecond);
  }

  /** Traffic as this device has it: budgets in the state folder, the system's word on the link. */
  static async open(
    stateFolder: string,
    options: Pick<TrafficOptions, "capBytesPerSecond" | "wallMs">,
  ): Promise<Traffic> {
    return new Traffic({ ...options, budget: await ByteBudget.open(stateFolder), readLink });
  }

  /** Looks at the link and the timetable now, and again and again until `stop`. */
  async start(): Promise<void> {
    this.#timer ??= setInterval(() => void this.look(), lookMs).unref();
    await this.look();
  }

  stop(): void {
    if (this.#timer !== null) clearInterval(this.#timer);
    this.#timer = null;
  }

  /** Takes over settings; they hold at once, also for what is under way. */
  setSettings(settings: TransferSettings): void {
    this.#settings = settings;
    this.#apply();
  }

  /** Calls back when something that was held back may go, or the other way round. @returns a function that ends that */
  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** The link, with what the settings say of it. */
  get link(): Link {
    const isNamedMetered = isNamed(this.#link.interface, this.#settings.metered.interfaces);
    return { ...this.#link, isMetered: isNamedMetered || this.#link.isMetered };
  }

  /** Why nothing of this class may begin now; null: it may. */
  whyNot(cls: FileClass): Waiting | null {
    const { metered, timetable } = this.#settings;
    const now = this.#now();
    if (cls === "bulk" && now !== null && timetableRate(timetable, now) === 0) {
      const change = nextTimetableChange(timetable, now);
      const until = change === null ? "" : ` until ${clockTime(change)}`;
      return {
        reason: "timetable",
        detail: `The timetable lets only events through${until}.`,
        untilMs: change === null ? null : change.getTime() - now.getTime(),
      };
    }
    if (this.link.isMetered !== true) return null;
    if (metered[cls === "bulk" ? "bulk" : "events"] === "hold") {
      const detail = `${this.#link.interface ?? "The link"} is metered, and ${cls === "bulk" ? "recordings" : "events"} wait for one that is not.`;
      return { reason: "metered", detail, untilMs: null };
    }
    return this.#whyNotPaid(cls === "bulk" ? "bulk" : "events", now);
  }

  /**
   * Waits until so many bytes may go out, and counts them. Little at a time keeps the flow smooth.
   *
   * @throws Interrupted
   */
  async take(bytes: number, cls: TrafficClass, signal: AbortSignal): Promise<void> {
    if (cls === "control") this.#bucket.takeNow(bytes);
    else await this.#bucket.take(bytes, urgencyOf[cls], signal);
    if (this.link.isMetered === true) await this.#options.budget.spend(bytes, cls === "bulk" ? "bulk" : "events");
  }

  /** What is against the rates that were asked for; null: nothing. */
  get problem(): string | null {
    const isBlind = this.#settings.timetable.length > 0 && this.#now() === null;
    return isBlind ? "The clock is not set, so the timetable waits and the rate outside it holds." : null;
  }

  /** Looks at the link, the day and the timetable. */
  async look(): Promise<void> {
    this.#link = await this.#options.readLink();
    this.#apply();
  }

  #apply(): void {
    const now = this.#now();
    if (now !== null) this.#options.budget.turnTo(dayOf(now));
    const { timetable, rateBytesPerSecond, metered } = this.#settings;
    const timed = now === null ? undefined : timetableRate(timetable, now);
    // 0 holds files back in `whyNot`; what is under way and what goes all the same has the rate outside the timetable.
    const asked = timed === undefined || timed === 0 ? rateBytesPerSecond : timed;
    const onMetered = this.link.isMetered === true ? metered.rateBytesPerSecond : null;
    const limits = [asked, onMetered, this.#options.capBytesPerSecond].filter((rate) => rate !== null);
    this.#bucket.setRate(limits.length === 0 ? null : Math.max(Math.min(...limits), 1));
    const verdict = (["wanted", "event", "bulk"] as const).map((cls) => this.whyNot(cls)?.reason ?? "").join();
    if (verdict === this.#verdict) return;
    this.#verdict = verdict;
    for (const listener of this.#listeners) listener();
  }

  #whyNotPaid(cls: BudgetClass, now: Date | null): Waiting | null {
    const { dayBytes, monthBytes } = this.#settings.budgets[cls];
    const spent = this.#options.budget.spent(cls);
    const isMonthOver = monthBytes !== null && spent.month >= monthBytes;
    if (!isMonthOver && (dayBytes === null || spent.day < dayBytes)) return null;
    const word = isMonthOver ? "month" : "day";
    return {
      reason: "budget",
      detail: `The ${word}'s budget of ${isMonthOver ? monthBytes : dayBytes} bytes on metered links is used up.`,
      untilMs: now === null ? null : startOfNext(word, now).getTime() - now.getTime(),
    };
  }

  #now(): Date | null {
    const ms = this.#options.wallMs();
    return ms === null ? null : new Date(ms);
  }
}

function startOfNext(word: "day" | "month", now: Date): Date {
  return word === "day"
    ? new Date(now.getFullYear(), now.getMonth(), now.getDate() + 1)
    : new Date(now.getFullYear(), now.getMonth() + 1, 1);
}

function dayOf(at: Date): string {
  const two = (value: number) => String(value).padStart(2, "0");
  return `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())}`;
}

function clockTime(at: Date): string {
  const days = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];
  const two = (value: number) => String(value).padStart(2, "0");
  return `${days[at.getDay()]}, ${two(at.getHours())}:${two(at.getMinutes())}`;
}
