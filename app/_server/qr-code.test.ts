import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { qrCodeOf } from "./qr-code";

const lacking = spawnSync("zbarimg", ["--version"]).error === undefined ? "" : " (skipped: no zbarimg here)";

/** The code as a grey picture (PGM), four pixels a module. */
function pictureOf({ path, size }: { path: string; size: number }): Buffer {
  const side = size * 4;
  const pixels = Buffer.alloc(side * side, 255);
  for (const [, x, y] of path.matchAll(/M(\d+) (\d+)h1v1h-1z/g))
    for (let row = 0; row < 4; row++) {
      const at = (Number(y) * 4 + row) * side + Number(x) * 4;
      pixels.fill(0, at, at + 4);
    }
  return Buffer.concat([Buffer.from(`P5 ${side} ${side} 255\n`), pixels]);
}

describe("qrCodeOf", () => {
  it.skipIf(lacking !== "")(`is read back by a scanner as the link${lacking}`, () => {
    const folder = mkdtempSync(join(tmpdir(), "qr-"));
    const server = encodeURIComponent(`https://${"archive.".repeat(12)}example.org:8443`);
    for (const link of [
      "strongroom:enrol?server=https%3A%2F%2Fa.example&code=sre_GEF3hT8hLOOoTh9VjR68kg&pin=uApGJ4A4wDhzCfKlUcnB73x2GEbMLMofguCs450qJ5w",
      `strongroom:enrol?server=${server}&code=sre_GEF3hT8hLOOoTh9VjR68kg&pin=uApGJ4A4wDhzCfKlUcnB73x2GEbMLMofguCs450qJ5w`,
    ]) {
      const file = join(folder, "code.pgm");
      writeFileSync(file, pictureOf(qrCodeOf(link)));
      expect(spawnSync("zbarimg", ["--quiet", "--raw", file], { encoding: "utf8" }).stdout).toBe(`${link}\n`);
    }
    rmSync(folder, { recursive: true });
  });
});
