import { defineConfig } from "@playwright/test";

// `npm test` finds a browser and names it here; the tests drive the built app and real uploader processes.
const executablePath = process.env.BROWSER_PATH ?? "/usr/bin/chromium";

const beside = ["accessibility.spec.ts", "first-run.spec.ts"];

export default defineConfig({
  testDir: "e2e",
  outputDir: "test-results/browser",
  globalSetup: "./e2e/support/global-setup.ts",
  // One archive, and two cores that the server and the browser share: stories change it one after the other, and
  // beside them every page is looked at, and an archive of its own is set up.
  workers: 2,
  projects: [
    { name: "views", testMatch: beside, workers: 1 },
    { name: "stories", testIgnore: beside, workers: 1 },
  ],
  timeout: 120_000,
  expect: { timeout: 10_000 },
  forbidOnly: process.env.CI !== undefined,
  use: {
    browserName: "chromium",
    launchOptions: {
      executablePath,
      // A browser in the C locale writes _ for every letter that is not ASCII in a downloaded file's name.
      env: { ...process.env, LC_ALL: "C.UTF-8" } as Record<string, string>, // what is unset stays unset
      args: ["--no-sandbox", "--disable-gpu", "--disable-quic", "--disable-background-networking", "--disable-sync"],
    },
    timezoneId: "Europe/Madrid",
    locale: "en-GB",
    trace: "retain-on-failure",
    screenshot: "only-on-failure",
  },
});
