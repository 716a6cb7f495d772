import { renderToStaticMarkup } from "react-dom/server";
import { expect, test } from "vitest";
import { PreferencesProvider } from "@/components/ui/preferences";
import { RateChart } from "./rate-chart";

const hour = (count: number) => new Date(Date.UTC(2026, 2, 1, count));
const point = (count: number, sentBytes: number) => ({ at: hour(count), seconds: 3600, sentBytes, queueBytes: null });

test("each bar stands at its time, also when nothing was said before or after it", () => {
  const shown = renderToStaticMarkup(
    <PreferencesProvider initial={{ time: "utc", theme: "light", keys: "on" }} now={hour(9)}>
      <RateChart points={[point(4, 3_600_000), point(6, 1_800_000)]} from={hour(0)} until={hour(9)} zone="UTC" />
    </PreferencesProvider>,
  );
  expect(shown).toContain('viewBox="0 0 10 48"');
  expect(shown).toContain("M4 48v-48.0h1v48.0zM6 48v-24.0h1v24.0z");
  expect(shown.replace(/\s/g, " ")).toContain("5.40 MB sent, 750 bytes a second while it sent");
});
