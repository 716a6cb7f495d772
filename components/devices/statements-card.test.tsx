import { renderToStaticMarkup } from "react-dom/server";
import { expect, test } from "vitest";
import { PreferencesProvider } from "@/components/ui/preferences";
import type { FleetDevice, StatementRow } from "@/lib/fleet/types";
import { StatementsCard } from "./statements-card";

const at = new Date("2026-03-02T09:00:00Z");
const tombstone: StatementRow = {
  sequence: 8,
  kind: "tombstone",
  reason: "evicted",
  what: "rear.mp4",
  receivedAt: at,
  isFork: false,
  setAsideAt: null,
  ofSequence: 7,
  recordingId: "R-00000-00001",
  from: null,
  until: null,
};
const span = { from: "2026-03-02T08:00:00Z", until: "2026-03-02T08:05:00Z" };
const gap: StatementRow = {
  ...tombstone,
  sequence: 9,
  kind: "gap",
  what: "cam-1",
  reason: "no picture",
  isFork: true,
  ...span,
};

const markup = (statements: StatementRow[]) =>
  renderToStaticMarkup(
    <PreferencesProvider initial={{ time: "utc", theme: "light", keys: "on" }} now={at}>
      {/* It looks at nothing else of a device. */}
      <StatementsCard device={{ site: null, statements } as unknown as FleetDevice} />
    </PreferencesProvider>,
  );

test("a device's page says what will not come, and when nothing was recorded", () => {
  expect(markup([])).toBe("");
  const shown = markup([gap, tombstone]);
  expect(shown).toContain('href="/recordings/R-00000-00001"');
  const words = shown.replaceAll(/<[^>]+>/g, "");
  expect(words).toContain("rear.mp4 was deleted to make room. Number 8, here since");
  expect(words).toMatch(
    /cam-1 recorded nothing from .*08:00.* until .*08:05.*: no picture\. Number 9, which contradicts another/,
  );
});
