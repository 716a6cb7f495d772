import { readFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { pathToFileURL } from "node:url";
import { build, type Plugin } from "esbuild";

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
 * Puts api-server.ts and our modules below it into one file: stripping the types of 300 files is half of what a
 * start costs, and a whole run starts it a hundred times. Packages stay where they are.
 *
 * @param outfile below the checkout, where Node finds the packages
 */
export async function bundleApiServer(outfile: string): Promise<void> {
  await build({
    entryPoints: [join(import.meta.dirname, "api-server.ts")],
    outfile,
    bundle: true,
    platform: "node",
    target: "node22",
    format: "esm",
    packages: "external",
    // Only a server with routes loads it, and that one is never the bundle.
    external: ["./web-routes.ts"],
    plugins: [ownPlaces],
    logLevel: "error",
  });
}
