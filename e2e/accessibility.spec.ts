import { mkdirSync } from "node:fs";
import { join } from "node:path";
import AxeBuilder from "@axe-core/playwright";
import { expect, type Page, test } from "@playwright/test";
import { type Caller, type KnownIds, readWorld, sessionOf } from "./support/world.ts";

type View = { name: string; as: Caller | null; path: (ids: KnownIds) => string };

const views: View[] = [
  { name: "sign-in", as: null, path: () => "/sign-in" },
  { name: "link-used", as: null, path: () => "/invite/none" },
  { name: "home-officer", as: "officer", path: () => "/" },
  { name: "home-requester", as: "police", path: () => "/" },
  { name: "home-admin", as: "admin", path: () => "/" },
  { name: "home-auditor", as: "auditor", path: () => "/" },
  { name: "recordings", as: "officer", path: () => "/recordings" },
  { name: "recordings-selected", as: "officer", path: (ids) => `/recordings?selected=${ids.recording}` },
  { name: "recordings-none-match", as: "officer", path: () => "/recordings?text=nothing-like-this" },
  { name: "recordings-requester", as: "judge", path: () => "/recordings" },
  { name: "recording", as: "officer", path: (ids) => `/recordings/${ids.recording}` },
  { name: "requests", as: "officer", path: () => "/requests" },
  { name: "requests-requester", as: "police", path: () => "/requests" },
  { name: "request-submitted", as: "officer", path: (ids) => `/requests/${ids.submittedRequest}` },
  { name: "request-in-review", as: "officer", path: (ids) => `/requests/${ids.reviewRequest}` },
  { name: "request-second-approval", as: "officer", path: (ids) => `/requests/${ids.approvedRequest}` },
  { name: "request-released", as: "officer", path: (ids) => `/requests/${ids.releasedRequest}` },
  { name: "ask", as: "police", path: () => "/ask" },
  { name: "ask-released", as: "judge", path: (ids) => `/ask/${ids.releasedRequest}` },
  { name: "ask-submitted", as: "police", path: (ids) => `/ask/${ids.submittedRequest}` },
  { name: "devices", as: "admin", path: () => "/devices" },
  { name: "people", as: "admin", path: () => "/people" },
  { name: "custody", as: "auditor", path: () => "/custody" },
  { name: "settings", as: "admin", path: () => "/settings" },
  { name: "not-found", as: "officer", path: () => "/recordings/R-00000-00000" },
  { name: "forbidden", as: "insurer", path: () => "/people" },
];

const pictures = join(import.meta.dirname, "../test-results/screenshots");

/** Nothing sticks out to the right: a page that scrolls sideways is unusable on a phone. */
async function expectNoSidewaysScroll(page: Page): Promise<void> {
  const overflow = await page.evaluate(
    () => document.documentElement.scrollWidth - document.documentElement.clientWidth,
  );
  expect(overflow, "pixels beyond the right edge").toBeLessThanOrEqual(0);
}

for (const view of views) {
  test.describe(view.name, () => {
    test.use(view.as === null ? {} : { storageState: sessionOf(view.as) });
    for (const scheme of ["light", "dark"] as const) {
      test(`has no accessibility violation and fits, ${scheme}`, async ({ page }) => {
        const { url, ids } = readWorld();
        const errors: string[] = [];
        page.on("pageerror", (error) => errors.push(error.message));
        page.on("console", (message) => {
          // A page that is a refusal is fetched with that status, which Chromium reports as an error.
          if (message.type() === "error" && !/status of 40[34]/.test(message.text())) errors.push(message.text());
        });
        await page.emulateMedia({ colorScheme: scheme, reducedMotion: "reduce" });
        mkdirSync(pictures, { recursive: true });
        for (const [width, height] of [
          [1440, 900],
          [390, 844],
        ] as const) {
          await page.setViewportSize({ width, height });
          await page.goto(url + view.path(ids), { waitUntil: "networkidle" });
          await page.screenshot({ path: join(pictures, `${view.name}-${scheme}-${width}.png`), fullPage: true });
          await expectNoSidewaysScroll(page);
          const { violations } = await new AxeBuilder({ page })
            .withTags(["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"])
            .analyze();
          const found = violations.map(
            ({ id, nodes }) => `${id}: ${nodes.map((node) => node.target.join(" ")).join(" | ")}`,
          );
          expect(found, `at ${width} pixels`).toEqual([]);
        }
        expect(errors).toEqual([]);
      });
    }
  });
}
