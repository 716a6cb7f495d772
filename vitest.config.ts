import { existsSync } from "node:fs";
import { availableParallelism } from "node:os";
import { defineConfig } from "vitest/config";
import { BaseSequencer, type TestSpecification } from "vitest/node";

if (existsSync(".env")) process.loadEnvFile(".env");

const pure = [
  "scripts/*.test.ts",
  "lib/protocol/**/*.test.ts",
  "lib/*.test.ts",
  "uploader/*.test.ts",
  "uploader/!(faults)/**/*.test.ts",
  "components/**/*.test.{ts,tsx}",
];

// What takes longest, longest first. Begun last, one of these runs on alone while the other cores have nothing to do.
const longest = [
  "server/kill.test.ts",
  "uploader/push.test.ts",
  "uploader/faults/device.test.ts",
  "uploader/faults/archive.test.ts",
  "server/enrolled-uploader.test.ts",
  "bin/strongroom.test.ts",
  "server/slow-and-full.test.ts",
  "server/tus-concatenation.test.ts",
  "scripts/torture/cut-uploader-power.test.ts",
  "uploader/faults/kills.test.ts",
  "uploader/faults/link.test.ts",
  "server/limits.test.ts",
  "uploader/run.test.ts",
  "server/stop.test.ts",
  "lib/jobs/open-jobs.test.ts",
  "scripts/torture/random-kills.test.ts",
  "uploader/faults/fleet.test.ts",
  "server/leases.test.ts",
  "server/monitor/request-log.test.ts",
  "server/openapi/answers.test.ts",
  "scripts/torture/mutated-requests.test.ts",
  "uploader/enrol.test.ts",
  "lib/access/two-person-order.test.ts",
  "uploader/faults/files.test.ts",
  "scripts/torture/kill-at-syscalls.test.ts",
  "server/uploader.test.ts",
  "uploader/push-files.test.ts",
  "lib/access/two-person-race.test.ts",
  "uploader/recorder/recorder.test.ts",
  "lib/postgres/start.test.ts",
  "scripts/torture/power-cut.test.ts",
  "prisma/migrate.test.ts",
  "uploader/memory.test.ts",
  "server/manifest-streaming.test.ts",
  "server/content.test.ts",
  "server/log-keeping.test.ts",
  "uploader/kill.test.ts",
  "uploader/field.test.ts",
];

class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const placeOf = ({ moduleId }: TestSpecification) => {
      const place = longest.findIndex((path) => moduleId.endsWith(`/${path}`));
      return place === -1 ? longest.length : place;
    };
    const sorted = await super.sort(files);
    return sorted.sort((a, b) => placeOf(a) - placeOf(b));
  }
}

export default defineConfig({
  resolve: {
    alias: [
      { find: /^@\//, replacement: `${import.meta.dirname}/` },
      // The package throws everywhere but in Next's server bundle.
      { find: "server-only", replacement: `${import.meta.dirname}/node_modules/server-only/empty.js` },
    ],
  },
  test: {
    pool: "forks",
    // The tests wait more than they compute: for leases to run out, killed servers and the disk.
    maxWorkers: availableParallelism() + 1,
    sequence: { sequencer: LongestFirst },
    testTimeout: 30_000,
    hookTimeout: 60_000,
    setupFiles: ["lib/testing/fail-on-console-error.ts"],
    projects: [
      { extends: true, test: { name: "unit", include: pure } },
      {
        extends: true,
        test: {
          name: "integration",
          include: ["{lib,prisma,server,bin,app,scripts,uploader}/**/*.test.ts"],
          exclude: pure,
          globalSetup: ["lib/testing/global-setup.ts", "server/testing/global-setup.ts"],
        },
      },
    ],
  },
});
