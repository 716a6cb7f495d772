import { existsSync } from "node:fs";
import { availableParallelism } from "node:os";
import { defineConfig } from "vitest/config";

if (existsSync(".env")) process.loadEnvFile(".env");

const pure = [
  "scripts/*.test.ts",
  "lib/protocol/**/*.test.ts",
  "lib/*.test.ts",
  "uploader/*.test.ts",
  "uploader/!(faults)/**/*.test.ts",
  "components/**/*.test.{ts,tsx}",
];

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
