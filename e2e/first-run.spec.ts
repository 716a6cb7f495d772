import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Page } from "@playwright/test";
import { expectAccessible } from "./support/accessible.ts";
import { freePort, type RunningArchive, startArchive } from "./support/archive.ts";
import { openDatabase } from "./support/database.ts";
import { open } from "./support/open.ts";
import { expectSignedIn, invite, takeUp } from "./support/sign-in.ts";
import { expect, test } from "./support/test.ts";

const password = "copper willow lantern 4171";

/** Sets the archive up through the link that the server printed; returns the link. */
async function setUp(page: Page, archive: RunningArchive): Promise<string> {
  const printed = () =>
    archive.lines
      .find((line) => line.includes("/setup/"))
      ?.split(" ")
      .at(-1) ?? "";
  await expect.poll(printed).toContain(`${archive.url}/setup/`);
  await open(page, printed());
  await page.getByLabel("Organisation that runs the archive").fill("Turia Cash Logistics");
  await page.getByLabel("Your name").fill("Irene Duarte");
  await page.getByLabel("Your e-mail address").fill("irene@turia.example");
  await page.getByLabel("Password", { exact: true }).fill(password);
  await page.getByLabel("The same password again").fill(`${password}2`);
  await page.getByRole("button", { name: "Set up the archive" }).click();
  await expect(page.getByRole("main").getByRole("alert")).toHaveText("The two passwords differ.");
  await expectAccessible(page, "setup-refused");
  await page.getByLabel("The same password again").fill(password);
  await page.getByRole("button", { name: "Set up the archive" }).click();
  await expectSignedIn(page, "Irene Duarte");
  return printed();
}

async function expectEmpty(page: Page, path: string, words: string, name: string): Promise<void> {
  await open(page, path);
  await expect(page.getByRole("main")).toContainText(words);
  await expectAccessible(page, name);
}

test.use({
  // A page that could not be made is fetched with 500, and React says so.
  expectedErrors: /status of 500|React error #441/,
});

test("a new archive: its first administrator, empty pages that say what comes next, and one that breaks", async ({
  pageOf,
}) => {
  test.setTimeout(400_000);
  const dataDir = mkdtempSync(join(tmpdir(), "strongroom-empty-"));
  const archive = await startArchive(dataDir, await freePort(), "ignore");
  const pageThere = () => pageOf(null, archive.url);
  try {
    const admin = await pageThere();
    const link = await setUp(admin, archive);

    await test.step("the link works once", async () => {
      const second = await pageThere();
      await second.goto(link);
      await expect(second.getByRole("heading", { name: "This link is over" })).toBeVisible();
    });

    await test.step("nothing is there yet, and every page says so", async () => {
      await expectEmpty(admin, "/", "Nothing has arrived yet.", "home-empty");
      await expectEmpty(admin, "/recordings", "No recordings yet", "recordings-empty");
      await expectEmpty(admin, "/devices", "No device yet", "devices-empty");
      await expectEmpty(admin, "/settings", "No site yet", "settings-empty");
      const officer = await pageThere();
      const person = await invite(admin, "Marta Soler");
      await takeUp(officer, person.link, person);
      await expectEmpty(officer, "/requests", "Nobody has asked for anything yet", "requests-empty");
    });

    await test.step("a requester of a new organisation begins with asking", async () => {
      await open(admin, "/people");
      await admin.getByRole("button", { name: "Add an organisation" }).click();
      const window = admin.getByRole("dialog");
      await window.getByLabel("Name").fill("Policía Nacional, Valencia");
      await window.getByRole("button", { name: "Add" }).click();
      await expect(window).toBeHidden();
      const person = await invite(admin, "Lucía Ferrer", "Requester");
      const requester = await pageThere();
      await takeUp(requester, person.link, person);
      await expectEmpty(requester, "/requests", "You have not asked for anything yet", "my-requests-empty");
      await expectEmpty(requester, "/recordings", "Nothing is released to you now", "released-empty");
    });

    await test.step("a page that breaks says so, and can be tried again", async () => {
      const database = await openDatabase(dataDir);
      const rename = (from: string, to: string) => database.query(`ALTER TABLE ${from} RENAME TO ${to}`);
      try {
        for (const { table, path, words, name } of [
          { table: "custody_event", path: "/custody", words: "Irene Duarte", name: "broken" },
          // What waits is counted beside every page from this one too: the frame stands without its numbers.
          { table: "recording", path: "/recordings", words: "No recordings yet", name: "broken-numbers" },
        ]) {
          await rename(table, "lost_table");
          await expectEmpty(admin, path, "This page could not be shown", name);
          await expect(admin.getByRole("navigation", { name: "Main" })).toBeVisible();
          await expect(admin.getByRole("main")).not.toContainText(/lost_table|prisma|relation/i);
          await rename("lost_table", table);
          await admin.getByRole("button", { name: "Try again" }).click();
          await expect(admin.getByRole("main")).toContainText(words);
        }
      } finally {
        await database.end();
      }
    });
  } finally {
    await archive.stop();
    rmSync(dataDir, { recursive: true, force: true });
  }
});
