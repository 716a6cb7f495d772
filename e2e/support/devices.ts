import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { copyAsNewRecording } from "../../scripts/demo/unique-copy.ts";
import { UploaderProcess } from "../../scripts/demo/uploader-process.ts";
import { tusDevice } from "../../server/testing/tus-client.ts";
import { folderOnDevice, readWorld, type World } from "./world.ts";

const root = join(import.meta.dirname, "../..");

/** A device of the company, by its name. */
export function deviceNamed(name: string): World["devices"][number] {
  const device = readWorld().devices.find((known) => known.name === name);
  if (device === undefined) throw new Error(`The company has no device ${name}.`);
  return device;
}

/** A video on a device's disk that no archive has seen: its digest is its own. */
export function fileOnDevice(sample: string, fileName: string): string {
  const file = join(folderOnDevice(), fileName);
  copyAsNewRecording(join(root, "samples/recordings", sample), file);
  return file;
}

type Sending = { device: string; file: string; server: string; place: string; capturedFrom: Date; lengthMs: number };

/** Starts the bundled uploader as the device would, as a process of its own. */
export function startUploader({ device, file, server, place, capturedFrom, lengthMs }: Sending): UploaderProcess {
  const { alias, token } = deviceNamed(device);
  const args = ["push", file, "--server", server, "--state-dir", `${file}.state`, "--settle", "0"];
  args.push("--alias", alias, "--place", place, "--captured-from", capturedFrom.toISOString());
  args.push("--captured-until", new Date(capturedFrom.getTime() + lengthMs).toISOString());
  return new UploaderProcess(join(root, "dist/strongroom-uploader.mjs"), args, token);
}

/** Uploads bytes that call themselves what they like, and waits for the seal; returns the recording's id. */
export async function uploadAs(metadata: { filename: string; filetype: string }, bytes: Uint8Array): Promise<string> {
  const { url } = readWorld();
  const { token } = deviceNamed("Gate cam 2");
  const device = tusDevice(() => url, token);
  const created = await device.create(bytes.byteLength, metadata);
  if (created.status !== 201) throw new Error(`The upload was answered ${created.status}: ${created.body}`);
  await device.patch(created.headers.location ?? "", 0, bytes);
  const id = String(created.headers["strongroom-recording"]);
  for (;;) {
    const answer = await fetch(`${url}/api/recordings/${id}`, { headers: { Authorization: `Bearer ${token}` } });
    const { state } = await answer.json();
    if (state === "sealed") return id;
    if (state === "quarantined") throw new Error(`${id} was quarantined.`);
    await sleep(50);
  }
}

/** Checks a receipt and a file against kept keys with the bundled uploader, which asks no archive. */
export function verifyReceipt(receipt: string, file: string, keys: string): { code: number | null; answer: unknown } {
  const uploader = join(root, "dist/strongroom-uploader.mjs");
  const args = [uploader, "verify-receipt", receipt, "--file", file, "--jwks", keys, "--json"];
  const { status, stdout } = spawnSync(process.execPath, args, { encoding: "utf8" });
  return { code: status, answer: JSON.parse(stdout) };
}
