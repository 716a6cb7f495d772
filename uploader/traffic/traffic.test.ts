import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { type DeviceSettings, readDeviceSettings } from "../../lib/protocol/index.ts";
import { ByteBudget } from "./byte-budget.ts";
import { defaultInterface, type Link, meteredIn } from "./read-link.ts";
import { nextTimetableChange, type TimetableRow, timetableRate } from "./timetable.ts";
import { Traffic } from "./traffic.ts";

const never = new AbortController().signal;
const KiB = 1024;

type TransferInput = Partial<DeviceSettings["transfer"]> | Record<string, unknown>;
const transferOf = (transfer: TransferInput) => readDeviceSettings({ transfer }).transfer;

describe("Traffic", () => {
  let folder = "";
  let budget: ByteBudget;
  let link: Link;
  let wallMs: number | null = 0;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "traffic-"));
    budget = await ByteBudget.open(folder);
    link = { interface: "wwan0", isMetered: null };
    // A Friday, in this process's own time zone.
    wallMs = new Date(2026, 10, 20, 12, 0).getTime();
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "performance"] });
  });
  afterEach(async () => {
    vi.useRealTimers();
    await rm(folder, { recursive: true, force: true });
  });

  const open = async (transfer: TransferInput, capBytesPerSecond: number | null = null) => {
    const traffic = new Traffic({ capBytesPerSecond, budget, wallMs: () => wallMs, readLink: async () => link });
    traffic.setSettings(transferOf(transfer));
    await traffic.look();
    return traffic;
  };

  /** How long it takes until all of these bytes may go, in seconds. */
  const timeFor = async (traffic: Traffic, kibibytes: number, cls: "bulk" | "event" = "bulk") => {
    const beganAtMs = performance.now();
    let doneAtMs: number | null = null;
    const all = (async () => {
      for (let i = 0; i < kibibytes / 64; i++) await traffic.take(64 * KiB, cls, never);
      doneAtMs = performance.now();
    })();
    while (doneAtMs === null) await vi.advanceTimersByTimeAsync(250);
    await all;
    return Math.round((doneAtMs - beganAtMs) / 1000);
  };

  it("keeps to the least of the rates, and a device's own cap is never lifted", async () => {
    expect(await timeFor(await open({}), 6400)).toBe(0);
    expect(await timeFor(await open({ rateBytesPerSecond: 64 * KiB }), 640)).toBe(9);
    expect(await timeFor(await open({ rateBytesPerSecond: 640 * KiB }, 32 * KiB), 640)).toBe(18);
    link = { interface: "wwan0", isMetered: true };
    const metered = { rateBytesPerSecond: 32 * KiB };
    // The disk would take its time, and the clock here goes on meanwhile.
    vi.spyOn(budget, "spend").mockResolvedValue();
    expect(await timeFor(await open({ rateBytesPerSecond: 64 * KiB, metered }), 640)).toBe(18);
  });

  it("changes the rate of what is under way", async () => {
    const traffic = await open({ rateBytesPerSecond: 1000 });
    await traffic.take(64 * KiB, "bulk", never);
    const next = traffic.take(64 * KiB, "bulk", never);
    await vi.advanceTimersByTimeAsync(1000);
    traffic.setSettings(transferOf({ rateBytesPerSecond: 1_000_000 }));
    await vi.advanceTimersByTimeAsync(100);
    await next;
    expect(performance.now()).toBeLessThan(1_000_000);
  });

  it("lets what is more urgent overtake, and what keeps the device known never wait", async () => {
    const traffic = await open({ rateBytesPerSecond: 64 * KiB });
    const order: string[] = [];
    for (const cls of ["bulk", "bulk", "event", "wanted"] as const)
      void traffic.take(64 * KiB, cls, never).then(() => order.push(cls));
    await traffic.take(10, "control", never);
    await vi.advanceTimersByTimeAsync(10_000);
    expect(order).toEqual(["bulk", "wanted", "event", "bulk"]);
  });

  it("holds recordings back by the timetable while events go, and says until when", async () => {
    const rows = [{ days: ["fri"], from: "08:00", to: "18:30", rateBytesPerSecond: 0 }];
    const traffic = await open({ timetable: rows, rateBytesPerSecond: 64 * KiB });
    expect(traffic.whyNot("bulk")).toEqual({
      reason: "timetable",
      detail: "The timetable lets only events through until Friday, 18:30.",
      untilMs: 6.5 * 3_600_000,
    });
    expect(traffic.whyNot("event")).toBeNull();
    const changed = vi.fn();
    traffic.onChange(changed);
    wallMs = new Date(2026, 10, 20, 18, 30).getTime();
    await traffic.look();
    expect(traffic.whyNot("bulk")).toBeNull();
    expect(changed).toHaveBeenCalledOnce();
    // What was in the middle of a PATCH goes on at the rate outside the timetable.
    wallMs = new Date(2026, 10, 20, 9, 0).getTime();
    await traffic.look();
    expect(await timeFor(traffic, 640)).toBe(9);
  });

  it("lets the timetable wait while no clock is to be believed, and says so", async () => {
    wallMs = null;
    const rows = [{ days: ["fri", "thu"], from: "00:00", to: "24:00", rateBytesPerSecond: 0 }];
    const traffic = await open({ timetable: rows });
    expect(traffic.whyNot("bulk")).toBeNull();
    expect(traffic.problem).toMatch(/clock is not set/);
  });

  it("takes a link for metered by the system's word or by name, and holds the classes that are to wait", async () => {
    const metered = { interfaces: ["wwan*"], bulk: "hold" };
    const traffic = await open({ metered });
    expect(traffic.link).toEqual({ interface: "wwan0", isMetered: true });
    expect(traffic.whyNot("bulk")).toMatchObject({ reason: "metered", untilMs: null });
    expect(traffic.whyNot("event")).toBeNull();
    link = { interface: "wlan0", isMetered: false };
    await traffic.look();
    expect(traffic.whyNot("bulk")).toBeNull();
    link = { interface: "wlan0", isMetered: true };
    await traffic.look();
    expect(traffic.whyNot("bulk")).toMatchObject({ reason: "metered" });
  });

  it("spends a budget on metered links alone, for its class alone, until the day is over", async () => {
    const budgets = { bulk: { dayBytes: 100 * KiB, monthBytes: 150 * KiB } };
    const traffic = await open({ budgets });
    await traffic.take(200 * KiB, "bulk", never);
    expect(traffic.whyNot("bulk")).toBeNull();
    link = { interface: "wwan0", isMetered: true };
    await traffic.look();
    await traffic.take(100 * KiB, "bulk", never);
    expect(traffic.whyNot("bulk")).toMatchObject({ reason: "budget", untilMs: 12 * 3_600_000 });
    expect(traffic.whyNot("event")).toBeNull();
    wallMs = new Date(2026, 10, 21, 0, 0).getTime();
    await traffic.look();
    expect(traffic.whyNot("bulk")).toBeNull();
    await traffic.take(50 * KiB, "bulk", never);
    expect(traffic.whyNot("bulk")).toMatchObject({ detail: expect.stringContaining("month") });
    wallMs = new Date(2026, 11, 1, 0, 0).getTime();
    await traffic.look();
    expect(traffic.whyNot("bulk")).toBeNull();
  });

  it("forgets no byte of a budget in a power cut", async () => {
    budget.turnTo("2026-11-20");
    for (let i = 0; i < 40; i++) {
      await budget.spend(64 * KiB, "events");
      const after = await ByteBudget.open(folder);
      expect(after.spent("events").day).toBeGreaterThanOrEqual((i + 1) * 64 * KiB);
      expect(after.spent("events").day).toBeLessThanOrEqual((i + 1) * 64 * KiB + KiB * KiB);
    }
  });
});

describe("timetableRate", () => {
  const night: TimetableRow = { days: ["fri"], from: "22:00", to: "06:00", rateBytesPerSecond: null };
  const day: TimetableRow = { days: ["sat"], from: "05:00", to: "24:00", rateBytesPerSecond: 1000 };
  const at = (date: number, hours: number, minutes = 0) => new Date(2026, 10, date, hours, minutes);

  it("counts a row over midnight to the day on which it begins", () => {
    expect(timetableRate([night], at(20, 21, 59))).toBeUndefined();
    expect(timetableRate([night], at(20, 22))).toBeNull();
    expect(timetableRate([night], at(21, 5, 59))).toBeNull();
    expect(timetableRate([night], at(21, 6))).toBeUndefined();
    expect(timetableRate([night], at(20, 3))).toBeUndefined();
  });

  it("takes the strictest of rows that overlap, and knows when the rate changes", () => {
    expect(timetableRate([night, day], at(21, 5))).toBe(1000);
    expect(timetableRate([night, day], at(21, 23, 59))).toBe(1000);
    expect(nextTimetableChange([night, day], at(20, 12))).toEqual(at(20, 22));
    expect(nextTimetableChange([night, day], at(20, 23))).toEqual(at(21, 5));
    // At 06:00 the night ends, and nothing changes by that.
    expect(nextTimetableChange([night, day], at(21, 5, 30))).toEqual(at(22, 0));
    expect(nextTimetableChange([], at(20, 12))).toBeNull();
  });

  it("follows the clock on the wall when summer time begins and ends", () => {
    const zone = process.env.TZ;
    process.env.TZ = "Europe/Berlin";
    try {
      const row: TimetableRow = { days: ["sun"], from: "02:30", to: "03:30", rateBytesPerSecond: 0 };
      // 2026-03-29: 02:00 becomes 03:00; what is left of the row is half an hour.
      expect(timetableRate([row], new Date("2026-03-29T00:59:00Z"))).toBeUndefined();
      expect(timetableRate([row], new Date("2026-03-29T01:00:00Z"))).toBe(0);
      expect(nextTimetableChange([row], new Date("2026-03-29T01:00:00Z"))).toEqual(new Date("2026-03-29T01:30:00Z"));
      // 2026-10-25: 03:00 becomes 02:00; 02:30 comes twice.
      expect(timetableRate([row], new Date("2026-10-25T00:30:00Z"))).toBe(0);
      expect(timetableRate([row], new Date("2026-10-25T01:00:00Z"))).toBeUndefined();
      expect(timetableRate([row], new Date("2026-10-25T01:30:00Z"))).toBe(0);
      expect(timetableRate([row], new Date("2026-10-25T02:30:00Z"))).toBeUndefined();
    } finally {
      if (zone === undefined) delete process.env.TZ;
      else process.env.TZ = zone;
    }
  });
});

describe("the link", () => {
  const head = "Iface\tDestination\tGateway\tFlags\tRefCnt\tUse\tMetric\tMask\tMTU\tWindow\tIRTT\n";

  it("is the default route with the least metric", () => {
    const routes = `${head}wwan0\t00000000\t0101A8C0\t0003\t0\t0\t700\t00000000\t0\t0\t0\nwlan0\t00000000\t0101A8C0\t0003\t0\t0\t600\t00000000\t0\t0\t0\neth0\t0001A8C0\t00000000\t0001\t0\t0\t100\t00FFFFFF\t0\t0\t0\n`;
    expect(defaultInterface(routes, "")).toBe("wlan0");
    const six = `${"0".repeat(32)} 00 ${"0".repeat(32)} 00 fe80000000000000 00000400 00000001 00000000 00000003 wwan1\n`;
    expect(defaultInterface(head, six)).toBe("wwan1");
    expect(defaultInterface("", "")).toBeNull();
  });

  it("is metered when NetworkManager guesses so", () => {
    expect(meteredIn("GENERAL.METERED:yes (guessed)\n")).toBe(true);
    expect(meteredIn("GENERAL.METERED:yes\n")).toBe(true);
    expect(meteredIn("GENERAL.METERED:no (guessed)\n")).toBe(false);
    expect(meteredIn("GENERAL.METERED:unknown\n")).toBeNull();
    expect(meteredIn("")).toBeNull();
  });
});
