import { existsSync } from "node:fs";
import { registerHooks } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

const root = join(import.meta.dirname, "../..");
const endings = ["", ".ts", "/index.ts", ".js"];

/** Lets plain Node import what is under app/ the way the bundler does: `@/`, and names without their ending. */
export function allowAppImports(): void {
  registerHooks({
    resolve: (specifier, context, nextResolve) => {
      // The package throws everywhere but in the bundle of the server.
      if (specifier === "server-only")
        return { url: pathToFileURL(join(root, "node_modules/server-only/empty.js")).href, shortCircuit: true };
      if (context.parentURL?.includes("/node_modules/")) return nextResolve(specifier, context);
      const base = pathOf(specifier, context.parentURL);
      const found = base === null ? undefined : endings.map((ending) => base + ending).find(isFile);
      return nextResolve(found === undefined ? specifier : pathToFileURL(found).href, context);
    },
  });
}

function pathOf(specifier: string, parent: string | undefined): string | null {
  if (specifier.startsWith("@/")) return join(root, specifier.slice(2));
  // Next has no list of exports, so that Node wants the endings of its files.
  if (specifier.startsWith("next/")) return join(root, "node_modules", specifier);
  if (!specifier.startsWith(".") || parent === undefined) return null;
  return join(dirname(fileURLToPath(parent)), specifier);
}

function isFile(path: string): boolean {
  return /\.\w+$/.test(path) && existsSync(path);
}
