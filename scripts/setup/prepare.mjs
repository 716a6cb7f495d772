import { existsSync, linkSync, mkdirSync, readFileSync, rmSync, statfsSync, writeFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { install, isInstalled } from "./install.mjs";
import { runQuietly, wasInterrupted } from "./processes.mjs";
import { at, nodeForWork, root, workEnvironment } from "./root.mjs";
import { diskIsFull, Obstacle, say, sentenceFor, since, style } from "./say.mjs";
import { digestOf, isCurrent, stamp } from "./stamps.mjs";

const node = (...args) =>
  runQuietly(nodeForWork() ?? process.execPath, args, {
    cwd: root,
    env: workEnvironment({
      NODE_ENV: "production",
      // Prisma looks for its binary engine before it generates, and does not use it for that. Any file will do.
      PRISMA_SCHEMA_ENGINE_BINARY: at("package.json"),
    }),
  });

/** Below this, nothing can be expected to work. */
const tightBytes = 20 * 2 ** 20;

const steps = {
  install: {
    get needsBytes() {
      return existsSync(at("node_modules", ".package-lock.json")) ? tightBytes : 1800 * 2 ** 20;
    },
    does: "Installing packages and the runtime",
    isDue: () => !isInstalled(),
    run: install,
  },
  generate: made("generate", "Generating the database client", "generated/prisma/client.ts", {
    inputs: ["prisma/schema.prisma", "node_modules/prisma/package.json"],
    run: () => node(at("node_modules/prisma/build/index.js"), "generate", "--config", at("prisma/prisma.config.ts")),
  }),
  uploader: made("uploader", "Bundling the uploader", "dist/strongroom-uploader.mjs", {
    inputs: ["uploader", "lib/protocol", "package-lock.json"],
    run: () => node("--disable-warning=ExperimentalWarning", at("uploader/build.mjs")),
  }),
  web: made("web", "Building the web app", ".next/BUILD_ID", {
    needsBytes: 300 * 2 ** 20,
    inputs: [
      "app",
      "components",
      "lib",
      "public",
      "prisma/schema.prisma",
      "next.config.mjs",
      "postcss.config.mjs",
      "proxy.ts",
      "instrumentation.ts",
      "tsconfig.json",
      "package-lock.json",
    ],
    run: () => node(at("node_modules/next/dist/bin/next"), "build"),
  }),
};

/** A step whose output is made again only when its inputs changed. */
function made(name, does, output, { inputs, run, needsBytes = tightBytes }) {
  return {
    needsBytes,
    does,
    isDue: () => !isCurrent(name, output, digestOf(inputs)),
    run: async () => {
      const digest = digestOf(inputs);
      const result = await run();
      if (result.code === 0) stamp(name, digest);
      return result;
    },
  };
}

/**
 * Does the named steps, in order, as far as they are due. Several commands that start at once wait for each other.
 *
 * @param names of "install", "generate", "uploader", "web"
 * @throws Obstacle when a step fails
 */
export async function prepare(...names) {
  if (!names.some((name) => steps[name].isDue())) return;
  const letGo = await takeTurn();
  try {
    for (const name of names) if (steps[name].isDue()) await doStep(steps[name]);
  } finally {
    letGo();
  }
}

async function doStep(step) {
  const startedAt = performance.now();
  refuseFullDisk(step.needsBytes);
  say(`${step.does} …`);
  const { code, output, signal } = await step.run();
  if (code === 0) return say(style("dim", `  done in ${since(startedAt)}`));
  if (wasInterrupted() || ["SIGTERM", "SIGHUP"].includes(signal)) throw new Obstacle("Stopped.");
  refuseFullDisk(tightBytes); // programs that cannot write end in many ways
  const sentence = sentenceFor(output);
  if (sentence === null) say(output.trimEnd().split("\n").slice(-60).join("\n"));
  throw new Obstacle(sentence ?? `${step.does} failed; what it said is above.`);
}

/** npm leaves packages out without a word when they do not fit, so it is better not to begin. */
function refuseFullDisk(neededBytes) {
  const { bavail, bsize } = statfsSync(root);
  const freeMib = Math.floor((bavail * bsize) / 2 ** 20);
  if (freeMib * 2 ** 20 >= neededBytes) return;
  if (neededBytes <= tightBytes) throw new Obstacle(diskIsFull);
  throw new Obstacle(
    `${freeMib} MiB are free here and this needs ${Math.ceil(neededBytes / 2 ** 20)}: free some space.`,
  );
}

/** One process prepares at a time. A file left by a killed one is seen by its dead process id. */
async function takeTurn() {
  const path = at(".cache", "preparing");
  const draft = `${path}.${process.pid}`;
  try {
    mkdirSync(at(".cache"), { recursive: true });
    writeFileSync(draft, String(process.pid));
  } catch (error) {
    throw new Obstacle(sentenceFor(String(error)) ?? String(error));
  }
  let hasSaid = false;
  for (;;) {
    try {
      linkSync(draft, path);
      rmSync(draft, { force: true });
      return () => rmSync(path, { force: true });
    } catch (error) {
      if (error.code !== "EEXIST") throw error;
    }
    if (isDead(path)) rmSync(path, { force: true });
    else if (!hasSaid) say("Another command is preparing this checkout; waiting for it …");
    hasSaid = true;
    await sleep(200);
  }
}

function isDead(path) {
  try {
    process.kill(Number(readFileSync(path, "utf8")), 0);
    return false;
  } catch (error) {
    return error.code === "ESRCH" || error.code === "ENOENT";
  }
}
