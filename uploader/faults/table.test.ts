import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";

const root = join(import.meta.dirname, "../..");
const section =
  /\n## What was tried\n([\s\S]*?)\n## /.exec(readFileSync(join(root, "docs/devices.md"), "utf8"))?.[1] ?? "";
const rows = section.split("\n").filter((line) => line.startsWith("| ") && !line.startsWith("| -"));
const named = rows.flatMap((line) => [...line.matchAll(/`([^`]+)`/g)].flatMap(([, name]) => name ?? []));

/** Names of tests as they stand in a file; what is put in later is left out. */
function titlesIn(pattern: string): string[] {
  return globSync(pattern, { cwd: root })
    .filter((file) => !file.endsWith("/table.test.ts"))
    .flatMap((file) => {
      const text = readFileSync(join(root, file), "utf8");
      const titles = [...text.matchAll(/\b(?:row|it)\(\s*(?:"([^"]+)"|`([^`]+)`)/g)];
      return titles.map(([, plain, template]) => plain ?? template ?? "");
    });
}

describe("the table of faults in docs/devices.md", () => {
  it("names tests that there are", () => {
    const titles = titlesIn("uploader/**/*.test.ts");
    expect(named.length).toBeGreaterThan(40);
    expect(named.filter((name) => !titles.some((title) => title.includes(name)))).toEqual([]);
  });

  it("names every row that was written", () => {
    const titles = titlesIn("uploader/faults/*.test.ts");
    expect(titles.length).toBeGreaterThan(30);
    expect(titles.filter((title) => !named.some((name) => title.includes(name)))).toEqual([]);
  });
});
