import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Locator, Page } from "@playwright/test";
import { open, settled } from "./support/open.ts";
import { expect, test } from "./support/test.ts";
import { readWorld } from "./support/world.ts";

const minuteMs = 60_000;
const order = readFileSync(join(import.meta.dirname, "../samples/orders/order.pdf"));

/** A request of the police about a sealed recording that nobody has asked for. */
async function askFor(police: Page, officer: Page, recordingId: string): Promise<string> {
  const { site, startAt, endAt } = await (await officer.request.get(`/api/recordings/${recordingId}`)).json();
  const answer = await police.request.post("/api/requests", {
    headers: { Origin: readWorld().url },
    multipart: {
      place: site.name,
      siteId: site.id,
      intervalFrom: new Date(Date.parse(startAt) - minuteMs).toISOString(),
      intervalUntil: new Date(Date.parse(endAt) + minuteMs).toISOString(),
      timeZone: site.timeZone,
      legalBasis: "judicial_order",
      authority: "Juzgado de Instrucción 4, Valencia",
      reference: "DP 2001/2026",
      purpose: "Robbery during a cash delivery.",
      order: { name: "order.pdf", mimeType: "application/pdf", buffer: order },
    },
  });
  const { id } = await answer.json();
  expect(id).toMatch(/^Q-/);
  return id;
}

/** What has the focus shows it, by an outline or a ring. */
async function expectFocusVisible(page: Page): Promise<void> {
  const look = await page.evaluate(() => {
    const active = document.activeElement;
    if (active === null || active === document.body) return "nothing has the focus";
    const { outlineStyle, outlineWidth, boxShadow } = getComputedStyle(active);
    const isShown = (outlineStyle !== "none" && Number.parseFloat(outlineWidth) >= 2) || boxShadow !== "none";
    return isShown ? "visible" : `${active.outerHTML.slice(0, 120)} has the focus and does not show it`;
  });
  expect(look).toBe("visible");
}

/** Presses Tab until this has the focus; every stop on the way shows the focus. */
async function tabTo(page: Page, target: Locator): Promise<void> {
  await expect(target).toBeVisible();
  for (let presses = 0; presses < 60; presses += 1) {
    await page.keyboard.press("Tab");
    const isBody = await page.evaluate(() => document.activeElement === document.body);
    // Between the end of the page and its beginning lies the browser itself.
    if (!isBody) await expectFocusVisible(page);
    if (await target.evaluate((element) => element === document.activeElement)) return;
  }
  throw new Error(`Tab does not reach ${target}.`);
}

const state = (page: Page, words: string) => page.getByRole("main").getByText(words, { exact: true });

test("an officer goes from signing in to an approval by keyboard alone", async ({ pageOf }) => {
  const { people, ids } = readWorld();
  const requestId = await askFor(await pageOf("police"), await pageOf("auditor"), ids.recording);
  const page = await pageOf(null);
  const { keyboard } = page;
  await open(page, "/sign-in");
  await expect(page.getByLabel("E-mail address")).toBeFocused();
  await keyboard.type(people.officer.email);
  await keyboard.press("Tab");
  await keyboard.type(people.officer.password);
  await keyboard.press("Enter");
  await expect(page.getByRole("navigation", { name: "Main" })).toBeVisible();

  await keyboard.press("g");
  await keyboard.press("q");
  await expect(page.getByRole("heading", { name: "Requests", level: 1 })).toBeVisible();
  const row = page.getByRole("row").filter({ hasText: requestId });
  await expect(row).toBeVisible();
  for (let presses = 0; presses < 20; presses += 1) {
    await keyboard.press("j");
    await expectFocusVisible(page);
    if (await row.evaluate((element) => element === document.activeElement)) break;
  }
  await keyboard.press("Enter");
  await page.waitForURL(`**/requests/${requestId}`);

  await tabTo(page, page.getByRole("button", { name: "Take up" }));
  await keyboard.press("Enter");
  await expect(state(page, "In review")).toBeVisible();
  await tabTo(page, page.getByRole("button", { name: `Include ${ids.recording}` }));
  await keyboard.press("Enter");
  await expect(state(page, "Included")).toBeVisible();
  await tabTo(page, page.getByRole("button", { name: "Approve", exact: true }));
  await keyboard.press("Enter");
  const window = page.getByRole("dialog");
  await expect(window).toBeVisible();
  await tabTo(page, window.getByRole("button", { name: "Approve", exact: true }));
  await keyboard.press("Enter");
  await expect(window).toBeHidden();
  await expect(state(page, "Waiting for second approval")).toBeVisible();
});

test("the first Tab leads past the navigation", async ({ pageOf }) => {
  const page = await pageOf("officer");
  await open(page, "/recordings");
  await page.keyboard.press("Tab");
  await expectFocusVisible(page);
  await page.keyboard.press("Enter");
  await expect(page.getByRole("main")).toBeFocused();
});

test("Esc closes the panel, and the focus is on its row again", async ({ pageOf }) => {
  const page = await pageOf("officer");
  for (const width of [1440, 800]) {
    await page.setViewportSize({ width, height: 900 });
    await open(page, "/recordings");
    const row = page.getByRole("row").nth(2);
    await page.keyboard.press("j");
    await page.keyboard.press("j");
    await expect(row).toBeFocused();
    await page.keyboard.press("Enter");
    const panel = page.getByRole("complementary", { name: /^Recording R-/ });
    await expect(panel).toBeVisible();
    await page.keyboard.press("Escape");
    await expect(panel).toBeHidden();
    await expect(row).toBeFocused();
    await page.keyboard.press("k");
    await expect(page.getByRole("row").nth(1)).toBeFocused();
  }
});

test("Esc closes a window, and the focus is on its button again", async ({ pageOf }) => {
  const page = await pageOf("admin");
  await open(page, "/people");
  const button = page.getByRole("button", { name: "Invite a person" });
  await tabTo(page, button);
  await page.keyboard.press("Enter");
  const window = page.getByRole("dialog");
  await expect(window.getByRole("button", { name: "Invite" })).toBeVisible();
  // The focus stays inside, however far one goes.
  for (let presses = 0; presses < 15; presses += 1) {
    await page.keyboard.press("Tab");
    expect(await window.evaluate((element) => element.contains(document.activeElement))).toBe(true);
  }
  await page.keyboard.press("Escape");
  await expect(window).toBeHidden();
  await expect(button).toBeFocused();
});

test("? lists the keys; a letter typed into a field is only a letter", async ({ pageOf }) => {
  const page = await pageOf("officer");
  await open(page, "/recordings");
  const help = page.getByRole("dialog", { name: "Keyboard shortcuts" });
  await page.keyboard.press("/");
  const search = page.getByRole("searchbox");
  await expect(search).toBeFocused();
  await page.keyboard.type("gq?");
  await expect(search).toHaveValue("gq?");
  await expect(help).toBeHidden();
  await search.blur();
  await page.keyboard.press("?");
  await expect(help).toContainText("Go to Custody log");
  await help.getByRole("checkbox", { name: "Single letters act as shortcuts" }).uncheck();
  await page.keyboard.press("Escape");
  await expect(help).toBeHidden();
  await page.reload();
  await settled(page);
  await page.keyboard.press("?");
  await page.keyboard.press("/");
  await expect(search).not.toBeFocused();
  await expect(help).toBeHidden();
});

test("the switch between site time and UTC changes every time on the page and outlives a reload", async ({
  pageOf,
}) => {
  const page = await pageOf("officer");
  const { ids } = readWorld();
  for (const path of ["/recordings", `/recordings/${ids.recording}`, `/requests/${ids.releasedRequest}`]) {
    await open(page, path);
    const zones = page.getByRole("group", { name: "Show times in" });
    await zones.getByRole("button", { name: "Site time" }).click();
    const times = page.getByRole("time");
    // What changes by itself, "20 s ago", is left out.
    const texts = async () =>
      (await times.allTextContents()).map((text) => text.replace(/^(?:just now|in [^,]+|[^,]+ ago), /, ""));
    const onSite = await texts();
    expect(onSite.length).toBeGreaterThan(3);
    await zones.getByRole("button", { name: "UTC" }).click();
    await expect(times.filter({ hasText: /CEST?$|WES?T$/ })).toHaveCount(0);
    const inUtc = await texts();
    expect(inUtc.length).toBe(onSite.length);
    expect(onSite.filter((text, index) => text === inUtc[index])).toEqual([]);
    await page.reload();
    await settled(page);
    await expect(zones.getByRole("button", { name: "UTC" })).toHaveAttribute("aria-pressed", "true");
    expect(await texts()).toEqual(inUtc);
  }
});
