// Bundles the uploader into dist/strongroom-uploader.mjs: one file that needs Node 20 or newer and nothing else.
import { chmod, mkdir, readdir, rename, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const root = join(dirname(fileURLToPath(import.meta.url)), "..");

/** Where the bundle is. */
export const bundlePath = join(root, "dist", "strongroom-uploader.mjs");

/** Makes the bundle, replacing the old one in one step. */
export async function buildUploader() {
  await mkdir(dirname(bundlePath), { recursive: true });
  const temporary = `${bundlePath}.${process.pid}.new`;
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
  await rename(temporary, bundlePath);
}

/** Makes the bundle unless it is newer than everything that goes into it. */
export async function buildUploaderIfStale() {
  const built = await stat(bundlePath).catch(() => null);
  const sources = [join(root, "package-lock.json"), join(root, "package.json")];
  for (const folder of ["uploader", join("lib", "protocol")])
    for (const entry of await readdir(join(root, folder), { recursive: true, withFileTypes: true }))
      if (entry.isFile() && /\.m?ts$|\.mjs$/.test(entry.name) && !entry.name.endsWith(".test.ts"))
        sources.push(join(entry.parentPath, entry.name));
  const times = await Promise.all(sources.map(async (source) => (await stat(source)).mtimeMs));
  if (built === null || Math.max(...times) >= built.mtimeMs) await buildUploader();
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await buildUploader();
