// Bundles the uploader into one file that needs Node 20 or newer and nothing else. The file may be named; without
// a name it is dist/strongroom-uploader.mjs.
import { chmod, mkdir, rename } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const root = join(dirname(fileURLToPath(import.meta.url)), "..");
const outfile = resolve(process.argv[2] ?? join(root, "dist", "strongroom-uploader.mjs"));

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
