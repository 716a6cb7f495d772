import { expect, test } from "vitest";
import { readTime } from "./interval.ts";

const at = (text: string, zone: string, end: "from" | "until" = "from") =>
  readTime(text, zone, end, "intervalFrom").toISOString();

test("reads wall time in its zone, in winter and summer", () => {
  expect(at("2026-03-14T10:15", "Europe/Madrid")).toBe("2026-03-14T09:15:00.000Z");
  expect(at("2026-07-14T10:15", "Europe/Madrid")).toBe("2026-07-14T08:15:00.000Z");
  expect(at("2026-07-14T10:15:30", "America/New_York")).toBe("2026-07-14T14:15:30.000Z");
  expect(at("2026-07-14T10:15", "Asia/Kathmandu")).toBe("2026-07-14T04:30:00.000Z");
  expect(at("2026-07-14T10:15", "UTC")).toBe("2026-07-14T10:15:00.000Z");
});

test("reads a time that carries its own offset as it is", () => {
  expect(at("2026-03-14T10:15:00Z", "Europe/Madrid")).toBe("2026-03-14T10:15:00.000Z");
  expect(at("2026-03-14T10:15:00.250+05:30", "Europe/Madrid")).toBe("2026-03-14T04:45:00.250Z");
});

test("covers both hours when clocks go back", () => {
  expect(at("2026-10-25T02:30", "Europe/Madrid", "from")).toBe("2026-10-25T00:30:00.000Z");
  expect(at("2026-10-25T02:30", "Europe/Madrid", "until")).toBe("2026-10-25T01:30:00.000Z");
});

test("refuses an hour that never happened, and what is no time", () => {
  expect(() => at("2026-03-29T02:30", "Europe/Madrid")).toThrow("put forward");
  for (const text of [
    "",
    "yesterday",
    "2026-03-14",
    "2026-13-14T10:15",
    "2026-02-30T10:15",
    "2026-02-30T10:15Z",
    "14/03/2026 10:15",
    "2026-03-14T10:15:99Z",
    "2026-03-14T10:15+99:99",
    "0000-01-01T00:00Z",
    "0000-01-01T00:00",
  ]) {
    expect(() => at(text, "Europe/Madrid"), text).toThrow("Give a date and a time");
  }
});
