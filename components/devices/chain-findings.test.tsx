import { renderToStaticMarkup } from "react-dom/server";
import { describe, expect, test } from "vitest";
import { PreferencesProvider } from "@/components/ui/preferences";
import type { ManifestChainView } from "@/lib/devices/types";
import { ChainFindings, ChainVerdict } from "./chain-findings";

const at = new Date("2026-03-02T09:00:00Z");
const chain: ManifestChainView = {
  ...{ count: 7, lastSequence: 9, lastReceivedAt: at, setAside: 0 },
  ...{ gaps: [], gapCount: 0, acknowledged: [], forks: [] },
};
const wordsOf = (view: ManifestChainView) =>
  renderToStaticMarkup(
    <PreferencesProvider initial={{ time: "utc", theme: "light", keys: "on" }} now={at}>
      <ChainVerdict chain={view} />
      <ChainFindings chain={view} zone="Europe/Madrid" />
    </PreferencesProvider>,
  ).replaceAll(/<[^>]+>/g, "");

describe("what a device's page says of its manifests", () => {
  test("nothing is wrong", () => {
    expect(wordsOf(chain)).toMatch(/Without a gap.*7 manifests, the last is number 9/);
  });

  test("numbers that are missing, one by one and in a row", () => {
    const gaps = [
      { first: 8, last: 8 },
      { first: 2, last: 4 },
    ];
    const words = wordsOf({ ...chain, gaps, gapCount: 2 });
    expect(words).not.toContain("Show");
    expect(words).toContain("Numbers missing");
    expect(words).toContain("Missing: number 8, numbers 2 to 4.");
    expect(words).not.toContain("Without a gap");
  });

  test("thousands of gaps are a sentence, with all that were read behind it", () => {
    const gaps = Array.from({ length: 200 }, (_, at) => ({ first: 9000 - at * 10, last: 9000 - at * 10 + (at % 2) }));
    const words = wordsOf({ ...chain, gaps, gapCount: 2_500 });
    const space = "\u202f";
    expect(words).toContain(`numbers 8${space}950 to 8${space}951 and 2${space}494 older gaps. What`);
    expect(words.match(/numbers? \d/g)).toHaveLength(1 + 6); // "the last is number 9", and six gaps
    expect(words).toContain(`Show 200 of 2${space}500 gaps9${space}000`);
    expect(wordsOf({ ...chain, gaps: gaps.slice(0, 7), gapCount: 7 })).toMatch(/and 1 older gap\..*Show all 7 gaps/);
  });

  test("numbers that contradict, which count more than missing ones", () => {
    const forks = [true, false].map((isSameNumber, at) => ({
      ...{ sequence: at + 3, recordingId: "R-00000-00000", receivedAt: chain.lastReceivedAt, isSameNumber },
    }));
    const words = wordsOf({ ...chain, gaps: [{ first: 2, last: 2 }], gapCount: 1, forks });
    expect(words).toMatch(/Contradiction.*Missing: number 2\./);
    expect(words).not.toContain("Numbers missing");
    expect(words).toContain("Number 3 came twice with different content");
    expect(words).toContain("Number 4 does not name the manifest before it");
  });
});
