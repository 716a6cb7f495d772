import { renderToStaticMarkup } from "react-dom/server";
import { describe, expect, test, vi } from "vitest";
import { PreferencesProvider } from "@/components/ui/preferences";
import type { FleetRow } from "@/lib/fleet/types";
import { FleetTable } from "./fleet-table";

// Rows ask for the router when they are clicked, which nobody does here.
vi.mock("next/navigation", () => ({ useRouter: () => null }));

const now = new Date("2026-03-10T12:00:00Z");
const minutes = 60_000;
const days = 24 * 60 * minutes;
const before = (ms: number) => new Date(now.getTime() - ms);
const thin = "\u202f";

/** Every value is another one, so that no two columns can stand for each other. */
const normal: FleetRow = {
  ...{ id: "D-00000-00001", name: "Van 12", alias: "TCL204AR", state: "active", condition: "sending", alarms: [] },
  site: { id: "S-00000-00001", name: "Depot South", timeZone: "Europe/Madrid" },
  policy: { id: "L-00000-00001", name: "Vans" },
  ...{ lastContactAt: before(3 * minutes), heartbeatAt: before(5 * minutes), isSilent: false },
  uploader: { version: "0.4.1" } as FleetRow["uploader"], // the table looks at nothing else of it
  clock: { source: "ntp", offsetMs: 400 },
  queue: { files: 1_234, bytes: 5_670_000_000, events: 0, oldestAt: before(26 * 60 * minutes) },
  disk: { totalBytes: 64_000_000_000, freeBytes: 21_300_000_000, unreceiptedBytes: 1 },
  waiting: null,
  config: { version: 3, applied: 3, problem: null },
  key: { kid: "k", createdAt: before(60 * days), dueAt: new Date(now.getTime() + 30.5 * days) },
  lastRecording: { id: "R-00000-00009", startAt: before(95 * minutes) },
};

const nothingSaid: FleetRow = {
  ...{ ...normal, alias: null, condition: "never_seen", site: null, lastContactAt: null, heartbeatAt: null },
  ...{ uploader: null, clock: null, queue: null, disk: null, key: null, lastRecording: null },
};

const alarming: FleetRow = {
  ...{ ...normal, condition: "trouble", lastContactAt: before(4 * days) },
  alarms: [
    { kind: "disk_nearly_full", weight: "urgent", sentence: "Its disk has 0.9 GB left.", since: null },
    { kind: "clock_off", weight: "warning", sentence: "Its clock is wrong.", since: null },
  ],
  clock: { source: "none", offsetMs: -90_000 },
  queue: { files: 1, bytes: 999, events: 1, oldestAt: before(40_000) },
  disk: { totalBytes: 64_000_000_000, freeBytes: 900_000_000, unreceiptedBytes: 1 },
  key: { kid: "k", createdAt: before(400 * days), dueAt: before(1.5 * days) },
};

function markupOf(row: FleetRow, tellsWhy = false): string {
  return renderToStaticMarkup(
    <PreferencesProvider initial={{ time: "utc", theme: "light", keys: "on" }} now={now}>
      <FleetTable
        rows={[row]}
        rowHref={({ id }) => `?selected=${id}`}
        sort={{ key: "name", isDescending: false }}
        sortHref={({ key, isDescending }) => `?sort=${isDescending ? "-" : ""}${key}`}
        now={now}
        tellsWhy={tellsWhy}
      />
    </PreferencesProvider>,
  );
}

const textOf = (markup: string) =>
  markup
    .replaceAll(/<[^>]+>/g, "")
    .replaceAll("&#x27;", "'")
    .trim();

/** Cells in their order: the head above each, its word on a phone, and what it says. */
function cellsOf(row: FleetRow, tellsWhy = false) {
  const markup = markupOf(row, tellsWhy);
  const heads = [...markup.matchAll(/<th\b[^>]*>(.*?)<\/th>/gs)].map(([, head = ""]) => textOf(head));
  const cells = [...markup.matchAll(/<td\b([^>]*)>(.*?)<\/td>/gs)];
  return cells.map(([, attributes = "", cell = ""], at) => {
    expect(attributes, "the word on a phone").toContain(`data-label="${heads[at]}"`);
    return { head: heads[at], says: textOf(cell), markup: cell };
  });
}

const saidBy = (row: FleetRow) => cellsOf(row).map(({ head, says }) => [head, says]);

function cellOf(row: FleetRow, head: string, tellsWhy = false): string {
  const found = cellsOf(row, tellsWhy).find((cell) => cell.head === head);
  if (found === undefined) throw new Error(`there is no column ${head}`);
  return found.markup;
}

describe("the table of the fleet", () => {
  test("a device that is well: each value under its head, with its unit", () => {
    expect(saidBy(normal)).toEqual([
      ["State", "Sending"],
      ["Device", "Van 12 TCL204AR"],
      ["Site", "Depot South"],
      ["Last contact", "3 min ago, 10 Mar 2026, 11:57:00 UTC"],
      ["Queue", `1${thin}234 files 5.67 GB`],
      ["Oldest", "1 day 2 h"],
      ["Recorded", "2 h ago, 10 Mar 2026, 10:25:00 UTC"],
      ["Clock", "0.4 s ahead"],
      ["Disk left", "21.3 GB"],
      ["Uploader", "0.4.1"],
      ["Key due", "30 days"],
    ]);
    expect(markupOf(normal)).not.toMatch(/text-bad|font-semibold text-wait/);
    expect(cellOf(normal, "Device")).toContain('href="/devices/D-00000-00001"');
    expect(cellOf(normal, "Recorded")).toContain('href="/recordings/R-00000-00009"');
    expect(cellOf(normal, "Key due")).toContain('title="Since 2026-01-09, due 2026-04-10"');
  });

  test("a device that said nothing of itself: words, and no number that could be taken for one", () => {
    expect(saidBy(nothingSaid)).toEqual([
      ["State", "Never seen"],
      ["Device", "Van 12"],
      ["Site", "moves"],
      ["Last contact", "never"],
      ["Queue", "not reported"],
      ["Oldest", "not reported"],
      ["Recorded", "none yet"],
      ["Clock", "not reported"],
      ["Disk left", "not reported"],
      ["Uploader", "not reported"],
      ["Key due", "plain token"],
    ]);
  });

  test("what was said in part", () => {
    const row: FleetRow = {
      ...normal,
      clock: { source: "none", offsetMs: null },
      queue: { files: 0, bytes: 0, events: 0, oldestAt: null },
      key: { kid: "k", createdAt: now, dueAt: null },
    };
    const said = new Map(saidBy(row).map(([head, says]) => [head, says]));
    expect([said.get("Clock"), said.get("Queue"), said.get("Oldest"), said.get("Key due")]).toEqual([
      ...["not reported", "empty", "–", "never"],
    ]);
  });

  test("a device in trouble: what alarms stands out, in words too", () => {
    expect(saidBy(alarming)).toEqual([
      ["State", "Trouble"],
      ["Device", "Van 12 TCL204AR Its disk has 0.9 GB left. Its clock is wrong."],
      ["Site", "Depot South"],
      ["Last contact", "4 days ago, 6 Mar 2026, 12:00:00 UTC"],
      ["Queue", "1 file 999 bytes 1 urgent one among them"],
      ["Oldest", "40 s"],
      ["Recorded", "2 h ago, 10 Mar 2026, 10:25:00 UTC"],
      ["Clock", "2 min behind"],
      ["Disk left", "900 MB"],
      ["Uploader", "0.4.1"],
      ["Key due", "2 days late"],
    ]);
    expect(cellOf(alarming, "Disk left")).toContain("text-bad");
    expect(cellOf(alarming, "Clock")).toContain("text-wait");
    expect(cellOf(alarming, "Key due")).toContain("text-wait");
    expect(textOf(cellOf(alarming, "Device", true))).toBe("Van 12 TCL204ARIts disk has 0.9 GB left. And 1 more.");
  });

  test("each head sorts by what stands below it, and turns round what is sorted", () => {
    const keys = [...markupOf(normal).matchAll(/<th\b[^>]*>.*?\?sort=([\w-]+)/gs)].map(([, key]) => key);
    expect(keys).toEqual([
      ...["state", "-name", "site", "contact", "queue", "oldest", "recording", "clock", "disk", "version", "key"],
    ]);
    expect(markupOf(normal).match(/aria-sort="ascending"/g)).toHaveLength(1);
  });
});
