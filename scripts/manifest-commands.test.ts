import { spawnSync } from "node:child_process";
import { createPublicKey } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { manifestType, parseEd25519Jwk, readManifest, verifyJws } from "../lib/protocol/index.ts";

// The commands that docs/protocol.md shows for making and checking a manifest are run here as they stand.
const document = readFileSync(join(import.meta.dirname, "../docs/protocol.md"), "utf8");
const section = document.split("### A signed manifest")[1]?.split(/\n##+ /)[0] ?? "";
const blocks = [...section.matchAll(/```sh\n(.*?)```/gs)].map((match) => match[1] ?? "");
const [checking = "", withRequest = ""] = blocks;
const making = withRequest.slice(0, withRequest.indexOf("curl "));

const tools = ["sh", "openssl", "sha256sum", "basenc", "stat"];
const missing = tools.filter((tool) => spawnSync(tool, ["--version"]).error !== undefined);

describe.skipIf(missing.length > 0)(
  `a manifest with public tools (lacking here: ${missing.join(", ") || "none"})`,
  () => {
    let dir: string;
    beforeAll(() => {
      dir = mkdtempSync(join(tmpdir(), "strongroom-manifest-"));
    });
    afterAll(() => rmSync(dir, { recursive: true, force: true }));

    const run = (commands: string) => {
      const env = { ...process.env, DEVICE: "D-00000-00001" };
      const { status, stdout, stderr } = spawnSync("sh", ["-c", commands], { cwd: dir, env, encoding: "utf8" });
      return { status, said: stdout + stderr };
    };

    test("the commands make one that this archive reads, and that they find to be right", () => {
      expect(blocks).toHaveLength(2);
      writeFileSync(join(dir, "rear.mp4"), "a very short video");
      expect(run(making)).toMatchObject({ status: 0 });
      const jws = readFileSync(join(dir, "rear.manifest.jws"), "utf8");
      const jwk = createPublicKey(readFileSync(join(dir, "van12.pub.pem"))).export({ format: "jwk" });
      // Reading compares the Merkle root and the only chunk with the rest.
      expect(readManifest(verifyJws(jws, parseEd25519Jwk(jwk), manifestType).payload)).toMatchObject({
        ...{ device: "D-00000-00001", sequence: 1, fileName: "rear.mp4", sizeBytes: 18 },
      });

      const check = checking.replace("R-….manifest.jws", "rear.manifest.jws");
      expect(run(check).said).toContain("Signature Verified Successfully");
      writeFileSync(
        join(dir, "rear.manifest.jws"),
        jws.replace(/\.(.{40})./, (_, start) => `.${start}A`),
      );
      expect(run(check).said).toContain("Failure");
    });
  },
);
