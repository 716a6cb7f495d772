import { spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { sampleReceipt, sealedAs } from "../lib/testing/sample-receipt.ts";
import { exitCodes } from "./exit-codes.ts";
import { SpawnedUploader } from "./testing/spawned-uploader.ts";
import { useUploaderWorld } from "./testing/uploader-world.ts";

const content = Buffer.from("a very short video");

describe("verify-receipt", () => {
  const world = useUploaderWorld();

  function prepare() {
    const { folder } = world();
    const { jws, keySet, keys } = sampleReceipt(sealedAs(content));
    const paths = { receipt: join(folder, "r.jws"), keys: join(folder, "keys.json"), file: join(folder, "rear.mp4") };
    writeFileSync(paths.receipt, `${jws}\n`);
    writeFileSync(paths.keys, keySet);
    writeFileSync(paths.file, content);
    return { ...paths, keySet, jws, kid: keys[0]?.kid };
  }
  function verify(...args: string[]) {
    const env = { NODE_ENV: "production" as const, PATH: process.env.PATH ?? "", HOME: world().folder };
    const command = [world().bundle, "verify-receipt", ...args];
    const { status, stdout, stderr } = spawnSync(process.execPath, command, { encoding: "utf8", env });
    return { status, said: stdout + stderr };
  }

  it("checks receipt and file with kept keys, and says what they prove", () => {
    const { receipt, keys, file, kid } = prepare();
    const { status, said } = verify(receipt, "--file", file, "--jwks", keys);
    expect(status).toBe(exitCodes.ok);
    expect(said).toContain(`signed by ${kid}, and the sealing is event 4 of 7 in the log archive.example.org/api/log`);
    expect(said).toContain(`${file} is exactly this recording.`);
    const json = JSON.parse(verify(receipt, "--jwks", keys, "--json").said);
    expect(json).toMatchObject({ isValid: true, problem: null, kid, receipt: { recording: "R-7K2M4-0418Q" } });
  });

  it("says what is wrong, with an exit code for scripts", () => {
    const { receipt, keys, file, jws } = prepare();
    writeFileSync(file, "other bytes");
    const other = verify(receipt, "--file", file, "--jwks", keys, "--json");
    expect(other.status).toBe(exitCodes.failed);
    expect(JSON.parse(other.said)).toMatchObject({
      isValid: false,
      problem: expect.stringContaining("is not the recording"),
    });
    writeFileSync(receipt, jws.slice(0, -8));
    expect(verify(receipt, "--jwks", keys)).toMatchObject({
      status: exitCodes.failed,
      said: expect.stringContaining("NOT VALID"),
    });
    writeFileSync(keys, sampleReceipt(sealedAs(content)).keySet);
    writeFileSync(receipt, jws);
    expect(verify(receipt, "--jwks", keys).said).toContain("a key that this archive does not publish");
    expect(verify(join(world().folder, "none"), "--jwks", keys).status).toBe(exitCodes.file);
    writeFileSync(keys, "{}");
    expect(verify(receipt, "--jwks", keys)).toMatchObject({ status: exitCodes.file });
    expect(verify("--jwks", keys).status).toBe(exitCodes.usage);
    expect(verify(receipt)).toMatchObject({
      status: exitCodes.usage,
      said: expect.stringContaining("No archive is named"),
    });
  });

  it("fetches the keys from an archive", async () => {
    const { receipt, keySet } = prepare();
    const archive = createServer((request, response) => {
      response.writeHead(request.url === "/.well-known/jwks.json" ? 200 : 404).end(keySet);
    }).listen(0, "127.0.0.1");
    await new Promise((resolve) => archive.once("listening", resolve));
    const { port } = archive.address() as AddressInfo; // it listens on a port
    const server = `http://127.0.0.1:${port}`;
    const uploader = new SpawnedUploader(world().bundle, ["verify-receipt", receipt, "--server", server], {});
    expect(await uploader.ended).toMatchObject({ code: exitCodes.ok, stderr: "" });
    archive.close();
    const gone = new SpawnedUploader(world().bundle, ["verify-receipt", receipt, "--server", "http://127.0.0.1:1"], {});
    expect((await gone.ended).code).toBe(exitCodes.gaveUp);
  });
});
