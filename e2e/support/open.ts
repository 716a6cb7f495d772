import type { Page } from "@playwright/test";

/**
 * Opens a page and waits until it is what a person would act on: loaded, taken over by its scripts, in its own
 * fonts, with nothing left to do. A key that is pressed before that is lost, and a picture shows other letters.
 */
export async function open(page: Page, address: string): Promise<void> {
  await page.goto(address);
  await settled(page);
}

/** The second half of `open`, for a page that came by a reload. */
export async function settled(page: Page): Promise<void> {
  await page.evaluate(async () => {
    // React marks what it has taken over with a property of its own.
    const isTakenOver = () =>
      Object.keys(document.querySelector("main") ?? {}).some((key) => key.startsWith("__reactFiber$"));
    while (!isTakenOver()) await new Promise(requestAnimationFrame);
    await document.fonts.ready;
    await new Promise((resolve) => requestIdleCallback(resolve));
  });
}
