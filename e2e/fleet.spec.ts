import { appendFileSync } from "node:fs";
import { join } from "node:path";
import type { Page } from "@playwright/test";
import { copyAsNewRecording } from "../scripts/demo/unique-copy.ts";
import { UploaderProcess } from "../scripts/demo/uploader-process.ts";
import { open } from "./support/open.ts";
import { expect, test } from "./support/test.ts";
import { folderOnDevice, readWorld } from "./support/world.ts";

const root = join(import.meta.dirname, "..");
const mostScriptBytes = 180_000;

/** Runs the bundled uploader as the machine in the van would; `null`: it has no plain token. */
function uploader(command: string, args: string[]): UploaderProcess {
  return new UploaderProcess(join(root, "dist/strongroom-uploader.mjs"), [command, ...args], "");
}

/** A recording of this size: a real one, with a filler box of zeros behind it. */
function longRecording(path: string, fillerBytes: number): void {
  copyAsNewRecording(join(root, "samples/recordings/van-07-cabin.mp4"), path);
  const box = Buffer.alloc(fillerBytes);
  box.writeUInt32BE(fillerBytes, 0);
  box.write("free", 4);
  appendFileSync(path, box);
}

const rowOf = (page: Page, name: string) => page.getByRole("row").filter({ hasText: name });

test("the story of a van: a code, its first words, a file ahead of its turn, and the end", async ({ pageOf }) => {
  test.setTimeout(120_000);
  const { url } = readWorld();
  const admin = await pageOf("admin");
  const officer = await pageOf("officer");
  const folder = folderOnDevice();
  const state = join(folder, "state");
  const dialog = admin.getByRole("dialog");

  await test.step("a policy whose devices speak often, with what is wrong said at its field", async () => {
    await open(admin, "/devices/policies/new");
    await admin.getByLabel("Name", { exact: true }).fill("Workshop");
    await admin.getByLabel("Heartbeat every, in seconds").fill("5");
    await admin.getByRole("button", { name: "Make the policy" }).click();
    const field = admin.getByLabel("Heartbeat every, in seconds");
    await expect(field).toHaveAccessibleDescription(/Must be a whole number from 10 to 3600/);
    await field.fill("10");
    await admin.getByRole("button", { name: "Make the policy" }).click();
    await expect(admin.getByRole("heading", { name: "Workshop", level: 1 })).toBeVisible();
  });

  await test.step("an administrator makes a code by keyboard, and reads it in three forms", async () => {
    await open(admin, "/devices");
    await admin.getByRole("button", { name: "Enrol a device" }).press("Enter");
    await dialog.getByLabel("Policy").selectOption({ label: "Workshop" });
    await dialog.getByLabel("Good for, in hours").fill("1000");
    await dialog.getByLabel("Good for, in hours").press("Enter");
    await expect(dialog.getByLabel("Good for, in hours")).toHaveAccessibleDescription(/at most 720 hours/);
    await dialog.getByLabel("Good for, in hours").fill("1");
    await dialog.getByLabel("Good for, in hours").press("Enter");
    await expect(dialog.getByRole("img", { name: /^QR code/ })).toBeVisible();
  });

  const command = (await dialog.getByText(/^strongroom-uploader enrol /).textContent()) ?? "";
  await dialog.getByRole("button", { name: "I have copied it" }).press("Enter");
  await expect(dialog).toBeHidden();

  await test.step("the van runs that command, and is one of the devices", async () => {
    const args = [...command.split(" ").slice(2), "--state-dir", state, "--name", "Van 40"];
    expect(await uploader("enrol", args).exit).toBe(0);
  });

  const watched = folderOnDevice();
  longRecording(join(watched, "van-40_0900.mp4"), 24_000_000);
  const args = ["--watch", watched, "--server", url, "--state-dir", state];
  const daemon = uploader("run", [...args, "--settle", "0", "--chunk-size", "400k", "--limit-rate", "300k"]);
  try {
    await test.step("it speaks, and the list that is open shows it without a reload", async () => {
      await expect(rowOf(admin, "Van 40")).toContainText(/Sending|Idle/, { timeout: 20_000 });
      await expect(rowOf(admin, "Van 40")).toContainText("just now");
      await expect(admin.getByText("Live", { exact: true })).toBeVisible();
    });

    await test.step("an officer asks for a file, and it arrives before the one that is being sent", async () => {
      await rowOf(admin, "Van 40").getByRole("link", { name: "Van 40" }).click();
      await admin.waitForURL(/\/devices\/D-/);
      const page = new URL(admin.url()).pathname;
      copyAsNewRecording(join(root, "samples/recordings/colon-12-lobby.mp4"), join(watched, "van-40_0905.mp4"));
      await open(officer, page);
      const sending = officer.getByRole("list", { name: "Being sent" });
      await expect(sending).toContainText("van-40_0900.mp4", { timeout: 25_000 });
      await officer.getByRole("button", { name: "Ask for a file" }).first().click();
      const asking = officer.getByRole("dialog");
      await asking.getByLabel("File in its queue").selectOption({ label: "Another file, by its name" });
      await asking.getByLabel(/^File name/).fill("van-40_0905.mp4");
      await asking.getByLabel(/^Why/).fill("Wanted by the court");
      await asking.getByRole("button", { name: "Ask for it" }).click();
      const list = officer.getByRole("list", { name: "Files that were asked for" });
      await expect(list).toContainText("Arrived", { timeout: 40_000 });
      const answer = await officer.request.get(`/api/recordings?device=${page.split("/").at(-1)}`);
      const { rows } = (await answer.json()) as { rows: { fileName: string; state: string }[] };
      const states = Object.fromEntries(rows.map(({ fileName, state: now }) => [fileName, now]));
      expect(states).toEqual({ "van-40_0905.mp4": "sealed", "van-40_0900.mp4": "receiving" });
    });

    await test.step("suspended, it is refused, and let in again", async () => {
      await admin.getByRole("button", { name: "Suspend" }).click();
      await dialog.getByRole("button", { name: "Suspend" }).click();
      await expect(admin.getByRole("main").getByText("Suspended", { exact: true })).toBeVisible();
      await admin.getByRole("button", { name: "Let in again" }).click();
      await dialog.getByRole("button", { name: "Let in again" }).click();
      await expect(admin.getByRole("button", { name: "Suspend" })).toBeVisible();
    });
  } finally {
    await daemon.kill();
  }

  await test.step("revoked with a reason, it is not believed any more, and stands among the revoked", async () => {
    await admin.getByRole("button", { name: "Revoke", exact: true }).first().click();
    await dialog.getByLabel(/^Why/).fill("Stolen at the depot");
    await dialog.getByLabel(/^Not to be believed since/).fill("2026-01-01T00:00");
    await dialog.getByRole("button", { name: "Revoke for good" }).click();
    await expect(admin.getByRole("main").getByText("Revoked", { exact: true }).first()).toBeVisible();
    await expect(admin.getByText(/What it brought since 1 Jan 2026/)).toBeVisible();
    await expect(admin.getByRole("button", { name: "Suspend" })).toBeHidden();
    const events = admin.getByRole("list", { name: /^Custody events of the device/ });
    await expect(events.getByText("Stolen at the depot")).toHaveCount(2);
    const page = new URL(admin.url()).pathname;
    await open(admin, "/devices?show=revoked");
    await expect(rowOf(admin, "Van 40")).toContainText("Revoked");
    await open(admin, page);
  });

  await test.step("custody tells of the code and of the van", async () => {
    await admin.reload();
    const events = admin.getByRole("list", { name: /^Custody events of the device/ });
    await expect(events).toContainText("enrolled");
    await expect(events).toContainText("Wanted by the court");
    await expect(events).toContainText("revoked");
    await open(admin, "/devices/codes");
    await expect(rowOf(admin, "Van 40")).toContainText("1 of 1");
  });
});

test("a device that waits is let in by keyboard alone, after its key was shown", async ({ pageOf }) => {
  const page = await pageOf("admin");
  await open(page, "/devices?show=pending");
  await page.keyboard.press("j");
  await page.keyboard.press("Enter");
  const panel = page.getByRole("complementary", { name: /^Device Van 33/ });
  await expect(panel).toContainText("Its key");
  await expect(panel).toContainText("van-33");
  await panel.getByRole("button", { name: "Let it in" }).press("Enter");
  await page.getByRole("dialog").getByRole("button", { name: "Let it in" }).press("Enter");
  await expect(page.getByText("Nobody waits to be let in")).toBeVisible();
});

test("a number that is missing for good is acknowledged by keyboard with a reason, and that is withdrawn", async ({
  pageOf,
}) => {
  const page = await pageOf("admin");
  await open(page, `/devices/${readWorld().ids.fleetDevice}`);
  const alarms = page.getByRole("list", { name: "What is wrong" });
  await expect(alarms).toContainText("1 number of its chain is missing");
  await page.getByRole("button", { name: "Acknowledge missing numbers" }).press("Enter");
  const dialog = page.getByRole("dialog");
  await expect(dialog.getByLabel("Numbers")).toHaveValue("18");
  await dialog.getByLabel("Numbers").fill("eighteen");
  await dialog.getByLabel("Why they will not come").fill("Its card was replaced.");
  await dialog.getByRole("button", { name: "Acknowledge" }).press("Enter");
  await expect(dialog.getByLabel("Numbers")).toHaveAccessibleDescription(/Write numbers, as in 2-4, 8/);
  await dialog.getByLabel("Numbers").fill("18");
  await dialog.getByRole("button", { name: "Acknowledge" }).press("Enter");
  await expect(page.getByText("Gaps acknowledged")).toBeVisible();
  await expect(page.getByText(/Number 18\. Acknowledged by .*, because: Its card was replaced\./)).toBeVisible();
  await expect(page.getByText("1 number of its chain is missing")).toBeHidden();
  await page.getByRole("button", { name: "Withdraw" }).press("Enter");
  await dialog.getByLabel("Why").fill("It was another van.");
  await dialog.getByRole("button", { name: "Withdraw it" }).press("Enter");
  await expect(alarms).toContainText("1 number of its chain is missing");
});

test("no page of the fleet loads more script than a page may", async ({ pageOf }) => {
  const page = await pageOf("admin");
  for (const path of ["/", "/devices", `/devices/${readWorld().ids.fleetDevice}`, "/devices/policies/new"]) {
    await open(page, path);
    const bytes = await page.evaluate(() =>
      performance
        .getEntriesByType("resource")
        .filter((entry) => entry instanceof PerformanceResourceTiming && entry.initiatorType === "script")
        .reduce((sum, entry) => sum + (entry as PerformanceResourceTiming).encodedBodySize, 0),
    );
    expect(bytes, path).toBeGreaterThan(50_000);
    expect(bytes, path).toBeLessThanOrEqual(mostScriptBytes);
  }
});
