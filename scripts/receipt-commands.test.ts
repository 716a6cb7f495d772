import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { sampleReceipt, sealedAs } from "../lib/testing/sample-receipt.ts";

// The commands that docs/protocol.md shows for checking a receipt are run here as they stand.
const document = readFileSync(join(import.meta.dirname, "../docs/protocol.md"), "utf8");
const section = document.split("### Check a receipt without us")[1]?.split(/\n##+ /)[0] ?? "";
const blocks = [...section.matchAll(/```sh\n(.*?)```/gs)].map((match) => match[1] ?? "");
const commands = blocks.filter((block) => !block.includes("curl"));

const tools = ["sh", "openssl", "sha256sum", "base64", "awk", "python3"];
const missing = tools.filter((tool) => spawnSync(tool, ["-c", ":"]).error !== undefined);

describe.skipIf(missing.length > 0)(
  `checking a receipt with public tools (lacking here: ${missing.join(", ") || "none"})`,
  () => {
    let dir: string;
    beforeAll(() => {
      dir = mkdtempSync(join(tmpdir(), "strongroom-receipt-"));
    });
    afterAll(() => rmSync(dir, { recursive: true, force: true }));

    function check(change: { jws?: (jws: string) => string; content?: Uint8Array } = {}) {
      const content = Buffer.from("a very short video");
      const { jws, keySet } = sampleReceipt(sealedAs(content));
      writeFileSync(join(dir, "receipt.jws"), change.jws?.(jws) ?? jws);
      writeFileSync(join(dir, "keys.json"), keySet);
      writeFileSync(join(dir, "recording.mp4"), change.content ?? content);
      const { status, stdout, stderr } = spawnSync("sh", ["-e", "-c", commands.join("\n")], {
        cwd: dir,
        encoding: "utf8",
      });
      return { status, said: stdout + stderr };
    }

    test("the commands are there, and find nothing wrong with a receipt that is right", () => {
      expect(blocks).toHaveLength(4);
      const { status, said } = check();
      expect(said.match(/Signature Verified Successfully/g), said).toHaveLength(2);
      expect(said).toContain("recording.mp4: OK");
      expect(said).toContain("event 4 of 7 in archive.example.org/api/log");
      expect(status).toBe(0);
    });

    test("they find a receipt that was changed, and another file", () => {
      const changed = (jws: string) => jws.replace(/\.(.{40})./, (_, start) => `.${start}A`);
      expect(check({ jws: changed })).toMatchObject({ status: 1, said: expect.stringContaining("Failure") });
      const other = check({ content: Buffer.from("another short video") });
      expect(other).toMatchObject({ status: 1, said: expect.stringContaining("recording.mp4: FAILED") });
    });
  },
);
