import { describe, expect, test } from "vitest";
import { sortFleet } from "@/components/devices/fleet-sort";
import type { FleetRow } from "@/lib/fleet/index.ts";
import { isInTab, isNamed, readFleetAddress } from "./list-address";

const row = (name: string, over: Partial<FleetRow> = {}): FleetRow => ({
  id: `D-${name}`,
  name,
  alias: null,
  state: "active",
  site: null,
  policy: { id: "F-1", name: "Default" },
  lastContactAt: new Date("2026-03-01T00:00:00Z"),
  isSilent: false,
  heartbeatAt: new Date("2026-03-01T00:00:00Z"),
  uploader: null,
  clock: null,
  queue: null,
  disk: null,
  waiting: null,
  config: { version: 1, applied: null, problem: null },
  key: null,
  lastRecording: null,
  alarms: [],
  ...over,
});
const queue = (bytes: number) => ({ queue: { files: 1, bytes, events: 0, oldestAt: null } });
const names = (rows: FleetRow[]) => rows.map(({ name }) => name).join(" ");

describe("the address of the fleet", () => {
  test("is read back as it is written, and only what is unusual stands in it", () => {
    const address = readFleetAddress({ show: "silent", q: " van ", sort: "-queue", selected: "D-1" });
    expect(address).toMatchObject({
      tab: "silent",
      text: "van",
      selected: "D-1",
      sort: { key: "queue", isDescending: true },
    });
    expect(address.hrefTo({})).toBe("/devices?show=silent&q=van&sort=-queue");
    expect(address.hrefTo({ tab: "all", text: "", sort: { key: "name", isDescending: false } })).toBe("/devices");
    expect(address.hrefTo({ selected: "D-2" })).toContain("selected=D-2");
  });

  test("what it does not know counts as not there", () => {
    expect(readFleetAddress({ show: "purple", sort: "-shoe", q: ["a", "b"] })).toMatchObject({
      tab: "all",
      text: "",
      sort: { key: "name", isDescending: false },
    });
  });
});

describe("the fleet's table", () => {
  test("sorts by numbers and words, and what was not reported stands last in either direction", () => {
    const rows = [row("Van 12", queue(5)), row("Van 4", queue(70)), row("Gate"), row("Van 9", queue(5))];
    expect(names(sortFleet(rows, { key: "name", isDescending: false }))).toBe("Gate Van 4 Van 9 Van 12");
    expect(names(sortFleet(rows, { key: "queue", isDescending: true }))).toBe("Van 4 Van 9 Van 12 Gate");
    expect(names(sortFleet(rows, { key: "queue", isDescending: false }))).toBe("Van 9 Van 12 Van 4 Gate");
  });

  test("what needs somebody sorts before what does not", () => {
    const rows = [row("Idle"), row("Silent", { isSilent: true }), row("New", { state: "pending" })];
    expect(names(sortFleet(rows, { key: "state", isDescending: false }))).toBe("Silent New Idle");
  });

  test("its parts, and who is found by a name", () => {
    const silent = row("Van 4", { isSilent: true, alias: "TCL204" });
    expect(isInTab(silent, "attention")).toBe(true);
    expect(isInTab(silent, "silent")).toBe(true);
    expect(isInTab(silent, "pending")).toBe(false);
    expect(isInTab(row("Gate"), "attention")).toBe(false);
    expect(isNamed(silent, "tcl")).toBe(true);
    expect(isNamed(silent, "gate")).toBe(false);
  });
});
