import { readFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { pathToFileURL } from "node:url";
import { build, type Plugin } from "esbuild";

const root = join(import.meta.dirname, "../..");

/** In one file, every module still knows the folder that it came from. */
const ownPlaces: Plugin = {
  name: "own-places",
  setup({ onLoad }) {
    onLoad({ filter: /\.ts$/ }, async ({ path }) => {
      const source = await readFile(path, "utf8");
      const contents = source
        .replaceAll("import.meta.dirname", JSON.stringify(dirname(path)))
        .replaceAll("import.meta.url", JSON.stringify(pathToFileURL(path).href));
      return { contents, loader: "ts" };
    });
  },
};

/**
 * Puts api-server.ts and our modules below it into one file: stripping the types of 300 files is a third of what a
 * start costs, and tests start it a hundred times. Packages stay where they are.
 */
export async function bundleApiServer(outfile: string): Promise<void> {
  // Where the packages are is told by place, and the file may be anywhere.
  const packages: Plugin = {
    name: "packages",
    setup({ onResolve }) {
      onResolve({ filter: /^[^./]/ }, ({ path, kind }) =>
        kind === "entry-point" || path.startsWith("node:") ? null : { path: import.meta.resolve(path), external: true },
      );
    },
  };
  await build({
    entryPoints: [join(import.meta.dirname, "api-server.ts")],
    outfile,
    absWorkingDir: root,
    bundle: true,
    platform: "node",
    target: "node22",
    format: "esm",
    // Starts when a test asks for the routes too, which are never in the bundle.
    external: ["./web-routes.ts"],
    plugins: [ownPlaces, packages],
    logLevel: "error",
  });
}
