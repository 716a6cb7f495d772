import { renderToStaticMarkup } from "react-dom/server";
import { expect, test } from "vitest";
import { PreferencesProvider } from "@/components/ui/preferences";
import type { AcknowledgedGapRow } from "@/lib/devices/types";
import { AcknowledgedGaps } from "./acknowledged-gaps";

const at = new Date("2026-03-02T09:00:00Z");
const gap: AcknowledgedGapRow = {
  ...{ id: "N-00000-00001", ranges: [{ first: 2, last: 4 }], missing: 3 },
  ...{ reason: "The card died.", acknowledgedBy: "Ada", acknowledgedAt: at },
};
const wordsOf = (gaps: AcknowledgedGapRow[]) =>
  renderToStaticMarkup(
    <PreferencesProvider initial={{ time: "utc", theme: "light", keys: "on" }} now={at}>
      <AcknowledgedGaps gaps={gaps} zone={undefined} act={({ id }) => `[withdraw ${id}]`} />
    </PreferencesProvider>,
  ).replaceAll(/<[^>]+>/g, "");

test("a gap that somebody acknowledged says who and why, and what came after all", () => {
  expect(wordsOf([])).toBe("");
  expect(wordsOf([gap])).toMatch(
    /Numbers 2 to 4\. Acknowledged by Ada, .*, because: The card died\.\[withdraw N-00000-00001\]/,
  );
  expect(wordsOf([{ ...gap, missing: 1 }])).toContain("Numbers 2 to 4; 2 of 3 came since, or were explained.");
  expect(wordsOf([{ ...gap, missing: 0 }])).toContain("Numbers 2 to 4: all have come since, or been explained.");
});
