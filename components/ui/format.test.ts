import { describe, expect, it } from "vitest";
import { formatBytes, formatClock, formatCount, formatSpan, plural } from "./format";
import { readPreferences } from "./preference-cookies";
import { formatRelative } from "./time-format";

describe("numbers as words", () => {
  it.each([
    [0, "0 bytes"],
    [1, "1 byte"],
    [999, "999 bytes"],
    [1_000, "1.00 kB"],
    [36_600, "36.6 kB"],
    [999_400, "999 kB"],
    [999_999, "1.00 MB"],
    [1_420_000_000, "1.42 GB"],
  ])("%d bytes", (bytes, text) => expect(formatBytes(bytes)).toBe(text));

  it.each([
    [0, "00:00"],
    [372_000, "06:12"],
    [3_723_000, "1:02:03"],
  ])("%d ms on a clock", (ms, text) => expect(formatClock(ms)).toBe(text));

  it.each([
    [40_000, "40 s"],
    [720_000, "12 min"],
    [3_600_000, "1 h"],
    [100_800_000, "1 day 4 h"],
    [8 * 86_400_000, "8 days"],
  ])("%d ms as a span", (ms, text) => expect(formatSpan(ms)).toBe(text));

  it("groups digits so that they do not break across lines", () => {
    expect(formatCount(48213)).toBe("48\u202f213");
    expect(plural(1, "chunk")).toBe("1 chunk");
    expect(plural(25_000, "chunk")).toBe("25\u202f000 chunks");
  });

  it("says how far away a moment is", () => {
    const now = new Date("2026-03-14T12:00:00Z");
    expect(formatRelative(new Date("2026-03-14T12:00:04Z"), now)).toBe("just now");
    expect(formatRelative(new Date("2026-03-14T09:10:00Z"), now)).toBe("3 h ago");
    expect(formatRelative(new Date("2026-03-15T16:00:00Z"), now)).toBe("in 1 day 4 h");
  });
});

describe("preferences", () => {
  it("takes what it knows from cookies and the default for the rest", () => {
    const cookies = new Map([
      ["strongroom_time", "utc"],
      ["strongroom_theme", "purple"],
    ]);
    expect(readPreferences((name) => cookies.get(name))).toEqual({ time: "utc", theme: "system", keys: "on" });
  });
});
