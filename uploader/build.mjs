// Bundles the uploader into one file that needs Node 20 or newer and nothing else. The file may be named; without
// a name it is dist/strongroom-uploader.mjs.
import { chmod, mkdir, rename } from "node:fs/promises";
import { builtinModules } from "node:module";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const root = join(dirname(fileURLToPath(import.meta.url)), "..");
const outfile = resolve(process.argv[2] ?? join(root, "dist", "strongroom-uploader.mjs"));

/**
 * Fetches Node's own modules by require: importing node:http reads all its members, and one of those loads a whole
 * second HTTP client of some megabytes, on a machine that may have 512.
 */
const requiredModules = {
  name: "required-modules",
  setup({ onResolve, onLoad }) {
    const filter = new RegExp(`^(node:.+|${builtinModules.filter((name) => !name.startsWith("_")).join("|")})$`);
    onResolve({ filter }, ({ path, namespace }) =>
      namespace === "required" ? { path, external: true } : { path, namespace: "required" },
    );
    onLoad({ filter: /.*/, namespace: "required" }, ({ path }) => ({
      contents: `module.exports = require(${JSON.stringify(path)});`,
    }));
  },
};

/** Leaves out the words of errors in fifty languages, which nobody asks for. */
const oneLanguage = {
  name: "one-language",
  setup({ onLoad }) {
    onLoad({ filter: /zod\/v4\/locales\/index\.js$/ }, ({ path }) => ({
      contents: 'export { default as en } from "./en.js";',
      resolveDir: dirname(path),
    }));
  },
};

await mkdir(dirname(outfile), { recursive: true });
const temporary = `${outfile}.${process.pid}.new`;
await build({
  entryPoints: [join(root, "uploader", "main.ts")],
  outfile: temporary,
  bundle: true,
  platform: "node",
  target: "node20",
  format: "esm",
  minifySyntax: true,
  // Names stay, so that what an error says can be read.
  minifyWhitespace: true,
  plugins: [requiredModules, oneLanguage],
  legalComments: "inline",
  // Some packages inside are CommonJS and ask for Node's own modules with require.
  banner: {
    js: 'import { createRequire as makeRequire } from "node:module";\nconst require = makeRequire(import.meta.url);',
  },
  logLevel: "error",
});
await chmod(temporary, 0o755);
// In one step, because another process may be about to run the old one.
await rename(temporary, outfile);
