import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";

// Rules of the repository that neither the compiler nor the import rules can see.
const root = join(import.meta.dirname, "..");
const files = execFileSync("git", ["ls-files", "-z", "--cached", "--others", "--exclude-standard"], { cwd: root })
  .toString()
  .split("\0")
  .filter((path) => path !== "" && existsSync(join(root, path)));
const read = (path: string) => readFileSync(join(root, path), "utf8");
const isCode = (path: string) => /\.(ts|tsx|mjs)$/.test(path) && !path.startsWith("samples/");
const isTest = (path: string) => /\.test\.tsx?$|(^|\/)testing\/|^e2e\//.test(path);
const product = files.filter((path) => isCode(path) && !isTest(path));

// (Setting one is not reading it: next-auth takes its own address from nowhere else.)
test("settings are read in one place on each side", () => {
  const allowed = [
    "lib/env.ts",
    "uploader/config.ts",
    // Before there are settings: set-up, and tools that people start by hand.
    /^scripts\//,

    /^[^/]+\.(ts|mjs)$/,
    "prisma/diff.ts",
  ];
  const isAllowed = (path: string) =>
    allowed.some((rule) => (typeof rule === "string" ? rule === path : rule.test(path)));
  expect(product.filter((path) => /process\.env\b(?!\.\w+ = )/.test(read(path)) && !isAllowed(path))).toEqual([]);
});

test("the domain takes the time from its context", () => {
  const others = /^lib\/(clock\.ts|postgres\/|storage\/conformance\.ts)/;
  const domain = product.filter((path) => path.startsWith("lib/") && !others.test(path));
  expect(domain.filter((path) => /Date\.now\(\)|new Date\(\)/.test(read(path)))).toEqual([]);
});

test("only uploads, the orders of requests and the sweep of what they left write to storage", () => {
  const writes = /storage\.(put|create|openWriter|remove)\(/;
  const writers = product.filter(
    (path) => writes.test(read(path)) && !/^(lib\/storage|prisma|scripts|bench)\//.test(path),
  );
  expect(writers.filter((path) => !/^lib\/(uploads\/|access\/|check\/sweep-blobs\.ts)/.test(path))).toEqual([]);
});

test("every path that a document names exists", () => {
  const documents = files.filter((path) => path.endsWith(".md") && !path.startsWith("samples/"));
  const folders = "app|bench|bin|components|docs|e2e|lib|prisma|public|samples|scripts|server|uploader";
  const missing = documents.flatMap((document) =>
    [...read(document).matchAll(new RegExp(`\`((?:${folders})/[\\w@()[\\]./-]+)\``, "g"))]
      .map((match) => match[1] ?? "")
      .filter((path) => !existsSync(join(root, path)))
      .map((path) => `${document}: ${path}`),
  );
  expect(missing).toEqual([]);
});

// The browser tests look at every page in light with all rules, and in dark with those about colours.
test("light and dark differ in colours alone", () => {
  const shown = files.filter((path) => /^(app|components)\/.*\.(css|tsx?)$/.test(path) && !isTest(path));
  const knowsScheme = /prefers-color-scheme|(?<![-\w])dark:(?=\S)/;
  // The browser's own frame around the page.
  expect(shown.filter((path) => knowsScheme.test(read(path)))).toEqual(["app/layout.tsx"]);
});
