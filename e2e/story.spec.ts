import { createHash } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import type { Page } from "@playwright/test";
import { deviceNamed, fileOnDevice, startUploader, verifyReceipt } from "./support/devices.ts";
import { openFlakyLink } from "./support/proxy.ts";
import { expect, test } from "./support/test.ts";
import { readWorld } from "./support/world.ts";

const place = "Banco Levante, Colón 12";
const minuteMs = 60_000;
const orderPath = join(import.meta.dirname, "../samples/orders/order.pdf");

/** A time as its field in the form takes it, to the minute, on the clocks of the site. */
function onSiteClock(at: Date): string {
  return new Intl.DateTimeFormat("sv-SE", { timeZone: "Europe/Madrid", dateStyle: "short", timeStyle: "short" })
    .format(at)
    .replace(" ", "T");
}

const sha256Of = (path: string) => createHash("sha256").update(readFileSync(path)).digest("hex");

/** One act in a window: open it with its button, fill what it asks, confirm. */
async function actInWindow(page: Page, opener: string, confirm: string, reason?: { label: string; text: string }) {
  await page.getByRole("button", { name: opener, exact: true }).click();
  const window = page.getByRole("dialog");
  if (reason !== undefined) await window.getByLabel(reason.label).fill(reason.text);
  await window.getByRole("button", { name: confirm, exact: true }).click();
  await expect(window).toBeHidden();
}

const state = (page: Page, words: string) => page.getByRole("main").getByText(words, { exact: true });

test("the story: from two cameras to the police's disk, with two officers in between", async ({ pageOf }) => {
  test.setTimeout(180_000);
  const { url, people } = readWorld();
  const arrival = new Date(Date.now() - 12 * minuteMs);
  const marta = await pageOf("officer");
  const andreu = await pageOf("officer2");
  const police = await pageOf("police");
  const file = fileOnDevice("van-04-rear.mp4", "van-04_rear.mp4");
  const onDisk = sha256Of(file);
  let wanted = "";
  let other = "";
  let requestId = "";
  let released = "";

  await test.step("the van's recording arrives over a link that breaks twice, and an officer watches it", async () => {
    const link = await openFlakyLink({
      target: { port: Number(new URL(url).port) },
      latencyMs: 20,
      uploadBytesPerSecond: 600_000,
      cutAfterBytes: [400_000, 1_000_000],
    });
    try {
      const van = { device: "Van 04", file, server: link.url, place, capturedFrom: arrival, lengthMs: 11_000 };
      const uploader = startUploader(van);
      const announced = await uploader.waitFor(({ recording }) => typeof recording === "string");
      wanted = String(announced?.recording);
      await expect.poll(() => link.connections().cut, { intervals: [20], timeout: 30_000 }).toBe(2);
      // Hardly anything moves while the officer looks; then the rest comes at once.
      link.setRate(15_000);
      await marta.goto(`/recordings?q=${wanted}`);
      const row = marta.getByRole("row").filter({ hasText: wanted });
      await expect(row).toContainText("Receiving");
      await expect(row).toContainText(deviceNamed("Van 04").alias);
      await expect(row).toContainText(/\d+ % of 2.68 MB/);
      link.setRate(null);
      const done = await uploader.waitFor(({ event }) => event === "done");
      expect(await uploader.exit).toBe(0);
      expect(done).toMatchObject({ recording: wanted, sha256: onDisk, state: "sealed" });
      // The page follows by itself.
      await expect(row).toContainText("Sealed", { timeout: 20_000 });
      expect(link.connections().cut).toBe(2);
    } finally {
      await link.close();
    }
    await marta.goto(`/recordings/${wanted}`);
    await expect(marta.getByRole("list", { name: /^Custody events/ })).toContainText("was cut off");
    // The device that sent it is given the receipt as soon as there is one.
    const headers = { Authorization: `Bearer ${deviceNamed("Van 04").token}` };
    const asDevice = async () => (await fetch(`${url}/api/recordings/${wanted}/receipt`, { headers })).status;
    await expect.poll(asDevice, { timeout: 10_000 }).toBe(200);
  });

  await test.step("a camera on the wall has recorded the same minute", async () => {
    const lobby = fileOnDevice("colon-12-lobby.mp4", "lobby.mp4");
    const camera = { device: "ATM cam Colón", file: lobby, server: url, place, capturedFrom: arrival, lengthMs: 8000 };
    const uploader = startUploader(camera);
    other = String((await uploader.waitFor(({ event }) => event === "done"))?.recording);
    expect(await uploader.exit).toBe(0);
  });

  await test.step("the police asks, with the order attached", async () => {
    await police.goto("/ask");
    await police.getByLabel("Site (optional)").selectOption(place);
    await expect(police.getByLabel("Place")).toHaveValue(/^Banco Levante, Colón 12/);
    await police.getByLabel("From", { exact: true }).fill(onSiteClock(new Date(arrival.getTime() - 2 * minuteMs)));
    await police.getByLabel("Until", { exact: true }).fill(onSiteClock(new Date(arrival.getTime() + 2 * minuteMs)));
    await police.getByRole("radio", { name: /^Judicial order/ }).check();
    await police.getByLabel("Who issued the order").fill("Juzgado de Instrucción 4, Valencia");
    await police.getByLabel("Reference or file number").fill("DP 1182/2026");
    await police.getByLabel("What you need the recordings for").fill("Robbery during a cash delivery.");
    await police.getByRole("button", { name: "Check what you ask" }).click();
    await expect(police.getByRole("main").getByRole("alert")).toContainText("Attach the order as a PDF.");
    await police.getByLabel("The order", { exact: true }).setInputFiles(orderPath);
    await police.getByRole("button", { name: "Check what you ask" }).click();
    await expect(police.getByRole("heading", { name: "Is this what you ask for?" })).toBeVisible();
    await police.getByRole("button", { name: "Send the request" }).click();
    await police.waitForURL(/\/ask\/Q-/);
    requestId = police.url().split("/").at(-1) ?? "";
    await expect(police.getByRole("list", { name: "Course of the request" })).toContainText("You asked");
    await expect(state(police, "New")).toBeVisible();
  });

  await test.step("Marta takes it up and looks at the recording for a purpose", async () => {
    await marta.goto("/requests");
    await marta.getByRole("link", { name: requestId }).click();
    await marta.getByRole("button", { name: "Take up" }).click();
    await expect(state(marta, "In review")).toBeVisible();
    await marta.getByRole("link", { name: wanted }).click();
    await marta.waitForURL(`**/recordings/${wanted}`);
    await marta.getByRole("button", { name: "View the recording" }).click();
    await marta.getByLabel("Purpose").fill(`Request ${requestId}`);
    const part = marta.waitForResponse((response) => response.url().includes(`/recordings/${wanted}/content`));
    await marta.getByRole("button", { name: "View", exact: true }).click();
    expect((await part).status()).toBe(206);
    const video = marta.getByLabel(`Recording ${wanted}`, { exact: true });
    const player = () =>
      video.evaluate((element) => {
        if (!(element instanceof HTMLVideoElement)) throw new Error("This is not a video.");
        return { ready: element.readyState, at: element.currentTime, isSeeking: element.seeking };
      });
    await expect.poll(async () => (await player()).ready).toBeGreaterThanOrEqual(2);
    await video.press("Space");
    await expect.poll(async () => (await player()).at).toBeGreaterThan(0);
    await video.evaluate((element) => {
      if (element instanceof HTMLVideoElement) element.currentTime = 8;
    });
    await expect.poll(async () => (await player()).isSeeking).toBe(false);
    expect((await player()).at).toBeGreaterThanOrEqual(8);
    expect((await player()).ready).toBeGreaterThanOrEqual(2);
    await expect(marta.getByText(`For “Request ${requestId}”`)).toBeVisible();
  });

  await test.step("she includes it, leaves the others out with a reason, and approves", async () => {
    await marta.goto(`/requests/${requestId}`);
    await marta.getByRole("button", { name: `Include ${wanted}` }).click();
    await expect(state(marta, "Included")).toBeVisible();
    const reason = { label: "Why", text: "Another camera; the order names the van." };
    await actInWindow(marta, `Leave out ${other}`, "Leave out", reason);
    await expect(marta.getByText(`Because: ${reason.text}`)).toBeVisible();
    await actInWindow(marta, "Approve", "Approve");
    await expect(state(marta, "Waiting for second approval")).toBeVisible();
    const again = marta.getByRole("button", { name: "Approve as second officer" });
    await expect(again).toBeDisabled();
    await expect(again).toHaveAccessibleDescription(
      "You approved it already. A second, different officer must approve it too.",
    );
  });

  await test.step("the police cannot have it yet", async () => {
    await police.reload();
    await expect(police.getByText("An officer approved")).toBeVisible();
    await expect(police.getByRole("link", { name: /^Download van/ })).toHaveCount(0);
    expect((await police.request.get(`/api/recordings/${wanted}/content`)).status()).toBe(404);
  });

  await test.step("Andreu approves as the second officer", async () => {
    await andreu.goto(`/requests/${requestId}`);
    await expect(andreu.getByText(people.officer.name).first()).toBeVisible();
    await actInWindow(andreu, "Approve as second officer", "Approve as second officer");
    await expect(state(andreu, "Released").first()).toBeVisible();
  });

  await test.step("the police downloads it: byte for byte the file on the van's disk", async () => {
    await police.reload();
    await expect(police.getByRole("heading", { name: "Your recording is ready" })).toBeVisible();
    await expect(police.getByText(onDisk.slice(0, 8)).first()).toBeVisible();
    const downloading = police.waitForEvent("download");
    await police.getByRole("link", { name: /^Download van-04_rear\.mp4/ }).click();
    const download = await downloading;
    expect(download.suggestedFilename()).toBe("van-04_rear.mp4");
    expect(sha256Of(await download.path())).toBe(onDisk);
    released = await download.path();
  });

  await test.step("the police checks the receipt, with the archive's public keys and nothing else", async () => {
    await police.goto(`/recordings/${wanted}`);
    const downloading = police.waitForEvent("download");
    await police.getByRole("link", { name: "Download the receipt" }).click();
    const download = await downloading;
    expect(download.suggestedFilename()).toBe(`${wanted}.receipt.jws`);
    const keys = join(dirname(file), "keys.json");
    writeFileSync(keys, await (await police.request.get("/.well-known/jwks.json")).text());
    const receipt = await download.path();
    const { code, answer } = verifyReceipt(receipt, released, keys);
    expect(answer).toMatchObject({ isValid: true, receipt: { recording: wanted, sha256: onDisk } });
    expect(code).toBe(0);
    expect(verifyReceipt(receipt, orderPath, keys)).toMatchObject({ code: 3, answer: { isValid: false } });
    await police.goto(`/ask/${requestId}`);
  });

  await test.step("custody knows who downloaded it", async () => {
    await marta.goto(`/recordings/${wanted}?group=access`);
    const custody = marta.getByRole("list", { name: /^Custody events/ });
    const byPolice = custody.getByRole("listitem").filter({ hasText: people.police.name });
    await expect(byPolice.filter({ hasText: "started a download" })).toHaveCount(1);
    await expect(byPolice.filter({ hasText: "ended a download" })).toContainText("2.68 MB");
    await expect(custody.getByRole("listitem").filter({ hasText: "opened it to view" })).toContainText(requestId);
  });

  await test.step("Marta withdraws the release, and the police reads it", async () => {
    const link = police.getByRole("link", { name: /^Download van-04_rear\.mp4/ });
    const address = (await link.getAttribute("href")) ?? "";
    await marta.goto(`/requests/${requestId}`);
    const reason = { label: "Why", text: "The court has lifted its order." };
    await actInWindow(marta, "Withdraw release…", "Withdraw", reason);
    await expect(marta.getByText("withdrawn since")).toBeVisible();
    expect([404, 410]).toContain((await police.request.get(address)).status());
    await police.reload();
    await expect(police.getByText("The release was withdrawn").first()).toBeVisible();
    await expect(police.getByText(reason.text)).toBeVisible();
    await expect(link).toHaveCount(0);
  });
});
