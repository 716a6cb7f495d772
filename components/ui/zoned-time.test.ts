import { describe, expect, it } from "vitest";
import { formatTime } from "./time-format";
import { fromLocalInput, toLocalInput } from "./zoned-time";

describe("times typed in a zone", () => {
  it.each([
    ["2026-03-14T10:31", "Europe/Madrid", "2026-03-14T09:31:00.000Z"],
    ["2026-07-14T10:31", "Europe/Madrid", "2026-07-14T08:31:00.000Z"],
    ["2026-07-14T10:31", "UTC", "2026-07-14T10:31:00.000Z"],
    ["2026-07-14T10:31", "Asia/Kathmandu", "2026-07-14T04:46:00.000Z"],
    ["2026-01-01T00:15", "America/St_Johns", "2026-01-01T03:45:00.000Z"],
  ])("%s in %s", (text, zone, utc) => {
    const at = fromLocalInput(text, zone);
    expect(at?.toISOString()).toBe(utc);
    if (at) expect(toLocalInput(at, zone)).toBe(text);
  });

  it("takes the first of the hour that happens twice", () => {
    expect(fromLocalInput("2026-10-25T02:30", "Europe/Madrid")?.toISOString()).toBe("2026-10-25T00:30:00.000Z");
  });

  it("does not fail on the hour that is left out", () => {
    expect(fromLocalInput("2026-03-29T02:30", "Europe/Madrid")?.toISOString()).toBe("2026-03-29T01:30:00.000Z");
  });

  it("answers null to what is no time", () => {
    expect(fromLocalInput("yesterday", "UTC")).toBeNull();
  });

  it("says the zone of the season", () => {
    expect(formatTime(new Date("2026-01-14T10:00:00Z"), "Europe/Madrid", "table")).toEqual({
      text: "2026-01-14 11:00",
      zoneName: "CET",
    });
    expect(formatTime(new Date("2026-09-14T10:00:00Z"), "Europe/Madrid", "full")).toEqual({
      text: "14 Sep 2026, 12:00:00",
      zoneName: "CEST",
    });
  });
});
