import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { useTestDatabase } from "../../lib/testing/index.ts";
import { addFigures } from "./figures.ts";
import { Monitor } from "./index.ts";

const root = join(import.meta.dirname, "../..");
const rules = readFileSync(join(root, "docs/alerts.yml"), "utf8");
const hasPromtool = spawnSync("promtool", ["--version"]).error === undefined;

describe("what operators are told about metrics", () => {
  const world = useTestDatabase();

  test("names each of ours, and none that is not there", async () => {
    const monitor = new Monitor({ ofProcess: true });
    const databasePool = { totalCount: 0, idleCount: 0, waitingCount: 0 };
    addFigures(monitor.metrics.registry, { ...world(), databasePool } as never); // nobody scrapes it
    const names = monitor.metrics.registry.getMetricsAsArray().map(({ name }) => name);
    const described = readFileSync(join(root, "docs/operations.md"), "utf8");
    expect(names.filter((name) => name.startsWith("strongroom_") && !described.includes(`\`${name}\``))).toEqual([]);
    const used = [...`${described}${rules}`.matchAll(/\b(?:strongroom|nodejs)_[a-z0-9_]+[a-z0-9]/g)].map(
      ([name]) => name,
    );
    const known = (name: string) =>
      names.some((one) => name === one || name === `${one}_bucket` || one.startsWith(`${name}_`));
    expect(used.filter((name) => !known(name))).toEqual([]);
    expect(names.every((name) => /^[a-z][a-z0-9_]*$/.test(name))).toBe(true);
  });

  test.skipIf(!hasPromtool)("are rules that Prometheus takes (promtool is on this machine)", () => {
    const { status, stdout } = spawnSync("promtool", ["check", "rules", join(root, "docs/alerts.yml")]);
    expect(stdout.toString()).toContain("SUCCESS");
    expect(status).toBe(0);
  });
});
