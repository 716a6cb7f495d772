import { expect, test } from "@playwright/test";
import { readWorld, sessionOf } from "./support/world.ts";

test.use({ storageState: sessionOf("admin") });

test("an administrator limits what a device may keep, and lifts the limit", async ({ page }) => {
  const { url, devices } = readWorld();
  const id = devices[0]?.id ?? "";
  await page.goto(`${url}/devices/${id}`);
  const space = page.locator("section").filter({ has: page.getByRole("heading", { name: "Space in the archive" }) });
  await expect(space).toContainText("Quotanone");
  await space.getByRole("button", { name: "Set a quota" }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByLabel("Quota").fill("a lot");
  await dialog.getByRole("button", { name: "Set the quota" }).click();
  await expect(dialog).toContainText("Write bytes or a size, as in 500 GB");
  await dialog.getByLabel("Quota").fill("500 GB");
  await dialog.getByRole("button", { name: "Set the quota" }).click();
  await expect(space).toContainText("Quota500 GB");
  await space.getByRole("button", { name: "Set a quota" }).click();
  await dialog.getByLabel("Quota").fill("");
  await dialog.getByRole("button", { name: "Set the quota" }).click();
  await expect(space).toContainText("Quotanone");
});
