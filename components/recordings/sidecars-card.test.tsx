import { renderToStaticMarkup } from "react-dom/server";
import { describe, expect, test } from "vitest";
import { PreferencesProvider } from "@/components/ui/preferences";
import type { RecordingDetail } from "@/lib/recordings/types";
import { SidecarsCard } from "./sidecars-card";
import { WillNotComeNotice } from "./will-not-come";

const at = new Date("2026-03-02T09:00:00Z");
const track = {
  name: "track.gpx",
  sizeBytes: 900,
  sha256: "5".repeat(64),
  receivedAt: at,
  path: "/api/recordings/R-00000-00001/sidecars/track.gpx",
};
// The two look at nothing else of a recording.
const recording = {
  site: null,
  device: { id: "D-00000-00001", name: "Van 12" },
  sidecars: [
    track,
    { ...track, name: "words.vtt", receivedAt: null, path: "/api/recordings/R-00000-00001/sidecars/words.vtt" },
  ],
  willNotCome: null,
} as unknown as RecordingDetail;

const markup = (card: React.ReactNode) =>
  renderToStaticMarkup(
    <PreferencesProvider initial={{ time: "utc", theme: "light", keys: "on" }} now={at}>
      {card}
    </PreferencesProvider>,
  );

describe("what stands beside a recording", () => {
  test("what came can be kept by who may read the recording, and what did not come is named", () => {
    const shown = markup(<SidecarsCard recording={recording} whyNot={null} />);
    expect(shown).toContain(`href="${track.path}"`);
    expect(shown.match(/href=/g)).toHaveLength(1);
    expect(shown).toContain("not here yet");
  });

  test("nobody else is offered it", () => {
    const shown = markup(<SidecarsCard recording={recording} whyNot="Open it first, and say what for." />);
    expect(shown).not.toContain("href=");
    expect(shown).toContain("Open it first, and say what for.");
    expect(markup(<SidecarsCard recording={{ ...recording, sidecars: [] }} whyNot={null} />)).toBe("");
  });

  test("that a recording will not come, and why", () => {
    expect(markup(<WillNotComeNotice recording={recording} />)).toBe("");
    const willNotCome = { reason: "evicted" as const, sequence: 8, receivedAt: at };
    const words = markup(<WillNotComeNotice recording={{ ...recording, willNotCome }} />).replaceAll(/<[^>]+>/g, "");
    expect(words).toContain("Van 12 signed so: Its disk was full");
    expect(words).toContain("Statement 8 of its chain");
  });
});
