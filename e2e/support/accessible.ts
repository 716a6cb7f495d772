import { mkdirSync } from "node:fs";
import { join } from "node:path";
import AxeBuilder from "@axe-core/playwright";
import { expect, type Page } from "@playwright/test";

const pictures = join(import.meta.dirname, "../../test-results/screenshots");
const tags = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];

/** What a change of colours alone can break; scripts/safety.test.ts holds that nothing else changes. */
const colourRules = ["color-contrast", "link-in-text-block"];

/** Widths of a desk and of a phone, light and dark: every look is a change of CSS alone, so that one page has all. */
const looks = [1440, 390].flatMap((width) => (["light", "dark"] as const).map((scheme) => ({ width, scheme })));

/** Nothing sticks out to the right: a page that scrolls sideways is unusable on a phone. */
async function expectNoSidewaysScroll(page: Page): Promise<void> {
  const overflow = await page.evaluate(
    () => document.documentElement.scrollWidth - document.documentElement.clientWidth,
  );
  expect(overflow, "pixels beyond the right edge").toBeLessThanOrEqual(0);
}

async function violationsOf(page: Page, scheme: "light" | "dark"): Promise<string[]> {
  // The other mode puts the parts of several frames together, in a page of its own. Ours have no frames.
  const axe = new AxeBuilder({ page }).options({ resultTypes: ["violations"] }).setLegacyMode();
  const { violations } = await (scheme === "light" ? axe.withTags(tags) : axe.withRules(colourRules)).analyze();
  return violations.map(({ id, nodes }) => `${id}: ${nodes.map((node) => node.target.join(" ")).join(" | ")}`);
}

/** Looks at one page in every width and colour: a picture of each, no violation, nothing out of sight. */
export async function expectAccessible(page: Page, name: string): Promise<void> {
  mkdirSync(pictures, { recursive: true });
  const before = page.viewportSize();
  for (const { width, scheme } of looks) {
    await page.emulateMedia({ colorScheme: scheme, reducedMotion: "reduce" });
    await page.setViewportSize({ width, height: width > 1000 ? 900 : 844 });
    // Without animations, colours on their way from one scheme to the other arrive, here and for what follows.
    const path = join(pictures, `${name}-${scheme}-${width}.png`);
    await page.screenshot({ path, fullPage: true, animations: "disabled" });
    await expectNoSidewaysScroll(page);
    expect(await violationsOf(page, scheme), `${scheme}, at ${width} pixels`).toEqual([]);
  }
  if (before !== null) await page.setViewportSize(before);
}
