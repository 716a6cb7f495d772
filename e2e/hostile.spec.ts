import type { Page } from "@playwright/test";
import { uploadAs } from "./support/devices.ts";
import { expect, test } from "./support/test.ts";
import { readWorld } from "./support/world.ts";

// Whatever runs it leaves a mark that every page of the archive could see, asks its server, and opens a window.
const program = `
  localStorage.setItem("ran", location.href); sessionStorage.setItem("ran", "yes"); window.ran = true;
  fetch("/ran"); alert("ran");`;

const html = `<!doctype html><html><body onload='${program}'><script>${program}</script>
  <img src="x" onerror='${program}'><iframe srcdoc="<script>parent.ran = true</script>"></iframe></body></html>`;

const svg = `<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg" width="9" height="9" onload='${program}'>
  <script>${program}</script><rect width="9" height="9"/></svg>`;

const hostile = [
  { filename: "rear.mp4", filetype: "video/mp4", content: html },
  { filename: "rear.html", filetype: "text/html", content: html },
  { filename: "rear.svg", filetype: "image/svg+xml", content: svg },
  { filename: "rear.svg", filetype: "video/mp4", content: svg },
  { filename: "rear.xhtml", filetype: "application/xhtml+xml", content: html },
];

/** Everything that a running program could have left behind; `asked` collects its requests. */
async function expectNothingRan(page: Page, asked: string[]): Promise<void> {
  await page.goto("/settings");
  const marks = await page.evaluate(() => [localStorage.getItem("ran"), sessionStorage.getItem("ran")]);
  expect(marks).toEqual([null, null]);
  expect(asked).toEqual([]);
}

/** Puts the file's address into a page of the archive in every way that could run it. */
async function embedEverywhere(page: Page, address: string): Promise<void> {
  const inFrame = page.waitForResponse(
    (response) => response.url().endsWith(address) && response.request().resourceType() === "document",
  );
  await page.evaluate(async (src) => {
    const settled = (["iframe", "embed", "img", "script"] as const).map((name) => {
      const element = document.createElement(name);
      const done = new Promise((resolve) => {
        element.onload = element.onerror = resolve;
      });
      element.src = src;
      document.body.append(element);
      // A refused embed, and a frame that becomes a download, say nothing of their end.
      return name === "img" || name === "script" ? done : null;
    });
    await Promise.all(settled);
  }, address);
  await inFrame;
}

test.use({
  // The browser says what it refuses: a frame, a script of the wrong type, an object.
  expectedErrors: /frame-ancestors|X-Frame-Options|object-src|MIME type|ERR_BLOCKED|Refused|violates|sandboxed/,
});

/** Collects the requests and windows of a program that runs. */
function listen(page: Page): string[] {
  const asked: string[] = [];
  page.on("dialog", (dialog) => {
    asked.push(`dialog: ${dialog.message()}`);
    void dialog.dismiss();
  });
  page.on("request", (request) => {
    if (new URL(request.url()).pathname === "/ran") asked.push(request.url());
  });
  return asked;
}

for (const [contentType, content] of [
  ["text/html", html],
  ["image/svg+xml", svg],
] as const) {
  test(`where nothing stops it, the program in ${contentType} runs and is noticed`, async ({ page }) => {
    const { url } = readWorld();
    const asked = listen(page);
    await page.route(`${url}/unguarded`, (route) => route.fulfill({ contentType, body: content }));
    await page.goto(`${url}/unguarded`);
    expect(await page.evaluate(() => localStorage.getItem("ran"))).toBe(`${url}/unguarded`);
    await expect.poll(() => asked).toEqual(expect.arrayContaining([`${url}/ran`, "dialog: ran"]));
  });
}

for (const { filename, filetype, content } of hostile) {
  const kind = content === html ? "HTML" : "SVG";
  test(`a program in ${kind} sent as ${filetype} (${filename}) never runs in an officer's browser`, async ({
    pageOf,
  }) => {
    const id = await uploadAs({ filename, filetype }, Buffer.from(`${content}<!-- ${crypto.randomUUID()} -->`));
    const page = await pageOf("officer");
    const asked = listen(page);

    // As the page offers it: stated purpose, player.
    await page.goto(`/recordings/${id}`);
    await page.getByRole("button", { name: "View the recording" }).click();
    await page.getByLabel("Purpose").fill("What is this?");
    await page.getByRole("button", { name: "View", exact: true }).click();
    await expect(page.getByText("This browser cannot play it here")).toBeVisible();

    // As the page offers it to keep.
    const contentPath = `/api/recordings/${id}/content`;
    const downloading = page.waitForEvent("download");
    await page.getByRole("link", { name: "Download", exact: true }).click();
    const download = await downloading;
    expect(download.suggestedFilename()).toBe(filename);

    for (const address of [contentPath, `${contentPath}?disposition=inline`]) {
      const response = await page.request.get(address);
      const fields = response.headers();
      const isPlayed = filetype === "video/mp4" && address !== contentPath;
      expect(response.status()).toBe(200);
      expect(fields["x-content-type-options"]).toBe("nosniff");
      expect(fields["content-security-policy"]).toMatch(/^sandbox; default-src 'none'/);
      expect(fields["content-type"]).toBe(filetype === "video/mp4" ? "video/mp4" : "application/octet-stream");
      expect(fields["content-disposition"]).toMatch(isPlayed ? /^inline;/ : /^attachment;/);
      // Typed into the address bar; a download interrupts it, which is what is wanted.
      await page
        .goto(address)
        .catch((error: unknown) => expect(String(error)).toMatch(/Download is starting|ERR_ABORTED/));
      await page.goto("/settings");
      await embedEverywhere(page, address);
    }
    await expectNothingRan(page, asked);
  });
}

for (const filename of ["say \"cheese\" 'now'.mp4", "cámara trasera – 後部カメラ – الكاميرا 100%.mp4"]) {
  test(`a file called ${filename} comes down under its name`, async ({ pageOf }) => {
    const id = await uploadAs({ filename, filetype: "video/mp4" }, Buffer.from(crypto.randomUUID()));
    const page = await pageOf("officer");
    await page.goto(`/recordings/${id}`);
    await page.getByRole("button", { name: "Download" }).click();
    await page.getByLabel("Purpose").fill("Its name.");
    const downloading = page.waitForEvent("download");
    await page.getByRole("dialog").getByRole("button", { name: "Download" }).click();
    // Chromium itself writes _ for the quotes, which some file systems do not take.
    expect((await downloading).suggestedFilename()).toBe(filename.replaceAll('"', "_"));
    const fields = (await page.request.get(`/api/recordings/${id}/content`)).headers();
    const [, encoded = ""] = /filename\*=UTF-8''([^;]+)/.exec(fields["content-disposition"] ?? "") ?? [];
    const [, quoted = ""] = /filename="((?:[^"\\]|\\.)*)"/.exec(fields["content-disposition"] ?? "") ?? [];
    expect(encoded === "" ? quoted.replaceAll(/\\(.)/g, "$1") : decodeURIComponent(encoded)).toBe(filename);
    await page.goto("/recordings");
    await expect(page.getByRole("row").filter({ hasText: id })).toBeVisible();
  });
}
