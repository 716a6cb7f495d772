import { existsSync, globSync, readFileSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, expect, test } from "vitest";
import { custodyActions } from "../lib/custody/index.ts";
import { settingNames } from "../lib/env.ts";
import { errorStatus } from "../lib/errors.ts";

// What the documents promise to list, they list.
const root = join(import.meta.dirname, "..");
const read = (path: string) => readFileSync(join(root, path), "utf8");

/** Rows of all tables in a document, as cells without spaces at their ends. */
function rowsOf(document: string): string[][] {
  const lines = read(document).split("\n");
  return lines.filter((line) => line.startsWith("|")).map((line) => line.split("|").map((cell) => cell.trim()));
}

describe("docs/protocol.md", () => {
  const rows = rowsOf("docs/protocol.md");

  test.each(Object.entries(errorStatus))("says what %s means, with its status", (code, status) => {
    expect(rows.find((row) => row[1] === `\`${code}\``)?.[2]).toBe(String(status));
  });

  test("says what each custody event means", () => {
    const named = new Set(rows.map((row) => row[1]));
    expect(Object.keys(custodyActions).filter((action) => !named.has(`\`${action}\``))).toEqual([]);
  });
});

describe("docs/operations.md", () => {
  const rows = rowsOf("docs/operations.md");

  test("has every setting, with the value that .env.example shows", () => {
    const shown = new Map(
      [...read(".env.example").matchAll(/^# ([A-Z_]+)=(.*)$/gm)].map(([, name, value]) => [name, value]),
    );
    expect([...settingNames, "TEST_DATABASE_URL"].filter((name) => !shown.has(name))).toEqual([]);
    for (const [name, value] of shown)
      expect(rows.find((row) => row[1] === `\`${name}\``)?.[2], name).toBe(value === "" ? "" : `\`${value}\``);
  });

  test("says how to mend every finding of a check", () => {
    const [, union = ""] = /code:\s+((?:\| "\w+"\s+)+)/.exec(read("lib/check/types.ts").replace(";", " ")) ?? [];
    const codes = [...union.matchAll(/"(\w+)"/g)].map((match) => match[1]);
    expect(codes.length).toBeGreaterThan(5);
    expect(codes.filter((code) => !rows.some((row) => row[1] === `\`${code}\``))).toEqual([]);
  });
});

const documents = globSync(["*.md", "docs/**/*.md", "components/**/*.md"], { cwd: root });

test.each(documents)("the links of %s lead somewhere", (document) => {
  const links = [...read(document).matchAll(/\]\((?!https?:|#)([^)#\s]+)(?:#[^)]*)?\)/g)].map(
    (match) => match[1] ?? "",
  );
  expect(links.filter((link) => !existsSync(join(root, dirname(document), link)))).toEqual([]);
});

test("pictures are small enough to be cloned by everybody", () => {
  const pictures = globSync("docs/images/*.png", { cwd: root });
  expect(pictures.filter((picture) => statSync(join(root, picture)).size > 150_000)).toEqual([]);
});

test("decisions are numbered without a gap, and say their number", () => {
  const decisions = globSync("docs/decisions/*.md", { cwd: root }).sort();
  decisions.forEach((decision, index) => {
    const number = String(index + 1).padStart(4, "0");
    expect(decision).toContain(`/${number}-`);
    expect(read(decision)).toMatch(new RegExp(`^# ${number} `));
  });
});
