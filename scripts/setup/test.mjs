import { existsSync, mkdirSync, readFileSync, rmSync } from "node:fs";
import { findBrowser } from "./browser.mjs";
import { check } from "./check.mjs";
import { prepare } from "./prepare.mjs";
import { runOpenly, wasInterrupted } from "./processes.mjs";
import { at, nodeForWork, root, workEnvironment } from "./root.mjs";
import { Obstacle, say } from "./say.mjs";

/** Every check there is. Ends with one line `N passed, N failed` and returns the exit code. */
export async function test(args) {
  mkdirSync(at("test-results"), { recursive: true });
  const results = [];
  results.push(await check());
  if (!wasInterrupted()) {
    // What the browser tests need is built while the code's tests wait for disks, timers and processes.
    const built = build();
    results.push(await codeTests(args));
    const obstacle = await built;
    if (!wasInterrupted()) results.push(await browserTests(args, obstacle));
  }
  const passed = results.reduce((sum, result) => sum + result.passed, 0);
  const failed = results.reduce((sum, result) => sum + result.failed, 0);
  say(`${passed} passed, ${failed} failed`);
  if (wasInterrupted()) return 130;
  return failed === 0 ? 0 : 1;
}

async function codeTests(args) {
  const report = at("test-results", "vitest.json");
  const flags = ["run", "--reporter=default", "--reporter=json", `--outputFile.json=${report}`, ...args];
  const code = await runTests("vitest/vitest.mjs", flags, report, {});
  return counted(code, report, ({ numPassedTests, numFailedTests }) => ({
    passed: numPassedTests,
    failed: numFailedTests,
  }));
}

/** Builds what the browser is shown; returns what stood in the way, or null. Never rejects. */
async function build() {
  try {
    await prepare("uploader", "web");
    return null;
  } catch (error) {
    return error;
  }
}

async function browserTests(args, obstacle) {
  if (!existsSync(at("playwright.config.ts"))) return { passed: 0, failed: 0 };
  let browser;
  try {
    if (obstacle !== null) throw obstacle;
    browser = await findBrowser();
  } catch (error) {
    if (!(error instanceof Obstacle)) throw error;
    say(error.message);
    return { passed: 0, failed: 1 };
  }
  const report = at("test-results", "playwright.json");
  const env = { BROWSER_PATH: browser, PLAYWRIGHT_JSON_OUTPUT_FILE: report };
  const code = await runTests("@playwright/test/cli.js", ["test", "--reporter=list,json", ...args], report, env);
  return counted(code, report, ({ stats }) => ({
    passed: stats.expected + stats.flaky,
    failed: stats.unexpected,
  }));
}

function runTests(bin, args, report, env) {
  rmSync(report, { force: true });
  return runOpenly(nodeForWork(), [at("node_modules", bin), ...args], { cwd: root, env: workEnvironment(env) });
}

/** Reads the tool's own count. A tool that fails without a failed test still counts as one. */
function counted(code, report, read) {
  const result = existsSync(report) ? read(JSON.parse(readFileSync(report, "utf8"))) : { passed: 0, failed: 0 };
  return code === 0 || result.failed > 0 ? result : { ...result, failed: 1 };
}
