// What `npm run demo`, `npm test` and the other commands do first: whatever is missing. Plain JavaScript without
// packages, because it runs straight after `git clone`, on whatever Node started npm.
import { existsSync } from "node:fs";
import { check } from "./setup/check.mjs";
import { refuseUsedPort } from "./setup/port.mjs";
import { prepare } from "./setup/prepare.mjs";
import { runOpenly } from "./setup/processes.mjs";
import { at, nodeForWork, root, typescriptFlags, workEnvironment } from "./setup/root.mjs";
import { Obstacle, say, sentenceFor } from "./setup/say.mjs";
import { test } from "./setup/test.mjs";

const commands = {
  setup: () => prepare("install", "generate", "uploader", "web"),
  check: async () => {
    await prepare("install", "generate");
    return (await check()).failed === 0 ? 0 : 1;
  },
  test: async (args) => {
    await prepare("install", "generate");
    return test(args);
  },
  start: async (args) => {
    await refuseUsedPort("start");
    await prepare("install", "generate", "web");
    return runTypescript("server/main.ts", args, "production");
  },
  dev: async (args) => {
    await refuseUsedPort("dev");
    await prepare("install", "generate");
    return runTypescript("server/main.ts", args, "development");
  },
  demo: async (args) => {
    await refuseUsedPort("demo");
    await prepare("install", "generate", "uploader", "web");
    return runTypescript("scripts/demo/main.ts", args, "production");
  },
  torture: async (args) => {
    await prepare("install", "generate");
    return runTypescript("scripts/torture/main.ts", args, "production");
  },
  "pack-uploader": async (args) => {
    await prepare("install", "uploader");
    return runTypescript("scripts/pack-uploader/main.ts", args, "production");
  },
  bench: async (args) => {
    await prepare("install", "generate");
    if (args[0] === "uploader") return runTypescript("scripts/bench/uploader/main.ts", args.slice(1), "production");
    return runTypescript("scripts/bench/main.ts", args, "production");
  },
};

function runTypescript(path, args, mode) {
  if (!existsSync(at(path))) throw new Obstacle(`${path} is missing from this checkout.`);
  const env = workEnvironment({
    NODE_ENV: process.env.NODE_ENV ?? mode,
    // Threads for the disk: with Node's four, writes and syncs of many uploads wait for each other.
    UV_THREADPOOL_SIZE: process.env.UV_THREADPOOL_SIZE ?? "16",
  });
  return runOpenly(nodeForWork(), [...typescriptFlags, at(path), ...args], { cwd: root, env });
}

const [name, ...args] = process.argv.slice(2);
const command = Object.hasOwn(commands, name ?? "") ? commands[name] : undefined;
if (command === undefined) {
  say(`Usage: node scripts/run.mjs ${Object.keys(commands).join(" | ")}`);
  process.exit(2);
}
try {
  process.exitCode = (await command(args)) ?? 0;
} catch (error) {
  const sentence = error instanceof Obstacle ? error.message : sentenceFor(String(error?.code ?? error));
  if (sentence === null) throw error;
  say(sentence);
  process.exitCode = 1;
}
