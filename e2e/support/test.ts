import { test as base, type ConsoleMessage, expect, type Page } from "@playwright/test";
import { type Caller, readWorld, sessionOf } from "./world.ts";

type Tools = {
  /** A browser of its own, with the session of this caller; null: of somebody not signed in, maybe at another archive. */
  pageOf: (caller: Caller | null, archive?: string) => Promise<Page>;
  /** Errors that these tests bring about themselves, such as the refusal of a page. */
  expectedErrors: RegExp | null;
};

const message = (text: string, at: string) => `${text} (${at})`;

/** Fails at once on nothing, and at the end on every error that a page threw or its console said. */
function watch(page: Page, errors: string[]): void {
  page.on("pageerror", (error) => errors.push(message(error.message, page.url())));
  page.on("console", (line: ConsoleMessage) => {
    if (line.type() === "error") errors.push(message(line.text(), page.url()));
  });
}

/** Playwright's test with several people at their own browsers; an error in any of their consoles fails it. */
export const test = base.extend<Tools>({
  expectedErrors: [null, { option: true }],
  pageOf: async ({ browser, expectedErrors }, use) => {
    const { url } = readWorld();
    const errors: string[] = [];
    const contexts: { close(): Promise<void> }[] = [];
    await use(async (caller, archive = url) => {
      const session = caller === null ? {} : { storageState: sessionOf(caller) };
      const context = await browser.newContext({ baseURL: archive, ...session });
      contexts.push(context);
      context.on("page", (page) => watch(page, errors));
      return context.newPage();
    });
    for (const context of contexts) await context.close();
    const unexpected = errors.filter((error) => !expectedErrors?.test(error));
    expect(unexpected, "errors in the consoles of the pages").toEqual([]);
  },
});

export { expect };
