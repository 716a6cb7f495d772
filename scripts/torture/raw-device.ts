import { createHash } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { encodeMetadataHeader } from "../../lib/protocol/index.ts";
import type { makeSigningDevice } from "../../server/testing/signing-device.ts";
import { type Answer, ask, tusDevice } from "../../server/testing/tus-client.ts";

type Device = ReturnType<typeof tusDevice>;
type SigningDevice = Awaited<ReturnType<typeof makeSigningDevice>>;

/** How a device takes leave of the link: what it does to its own requests. */
const habits = ["whole", "whole", "checksum", "pieces", "cut"] as const;

/**
 * Brings one file in, request by request, through whatever happens: a client that knows nothing but tus, and believes
 * nothing but what it was answered. Returns once every byte is acknowledged.
 */
export async function deliverRaw(url: string, token: string, file: Buffer, random: () => number): Promise<void> {
  const client = tusDevice(() => url, token);
  const sha256 = createHash("sha256").update(file).digest("hex");
  const metadata = { filename: "raw.bin", sha256, chunk_size: "400000" };
  const created = await insist(() => client.create(file.length, metadata), [201]);
  await sendBytes(client, String(created.headers.location), file, random);
}

/** The same, announced by a signed manifest, which may be sent again until it is answered. */
export async function deliverSigned(device: SigningDevice, file: Buffer, random: () => number): Promise<void> {
  const jws = device.sign(device.describe(file));
  const announced = await insist(() => device.announce(jws), [200, 201]);
  await sendBytes(device.tus, String(announced.headers.location), file, random);
}

/** The same in parts, all at once, which the archive puts together (tus 1.0, Concatenation). */
export async function deliverInParts(url: string, token: string, file: Buffer, random: () => number): Promise<void> {
  const client = tusDevice(() => url, token);
  const sizeBytes = Math.ceil(file.length / (2 + Math.floor(random() * 3)));
  const contents = Array.from({ length: Math.ceil(file.length / sizeBytes) }, (_, index) =>
    file.subarray(index * sizeBytes, (index + 1) * sizeBytes),
  );
  const locations = await Promise.all(
    contents.map(async (content) => {
      const part = await insist(() => client.create(content.length, {}, { "Upload-Concat": "partial" }), [201]);
      const location = String(part.headers.location);
      await sendBytes(client, location, content, random);
      return location;
    }),
  );
  const sha256 = createHash("sha256").update(file).digest("hex");
  const headers = {
    "Upload-Concat": `final;${locations.join(" ")}`,
    "Upload-Metadata": encodeMetadataHeader([["sha256", sha256]]),
  };
  const final = await insist(
    () => ask(`${url}/api/uploads`, { method: "POST", token, headers: { "Tus-Resumable": "1.0.0", ...headers } }),
    [201],
  );
  for (let offset = -1; offset !== file.length; await sleep(200)) {
    const head = await insist(() => client.head(String(final.headers.location)), [200]);
    offset = Number(head.headers["upload-offset"] ?? -1);
  }
}

async function sendBytes(client: Device, location: string, file: Buffer, random: () => number): Promise<void> {
  for (;;) {
    const offset = Number((await insist(() => client.head(location), [200])).headers["upload-offset"]);
    if (offset >= file.length) return;
    const body = file.subarray(offset, offset + 1 + Math.floor(random() * 2_000_000));
    const habit = habits[Math.floor(random() * habits.length)];
    await sendBody(client, location, offset, body, habit ?? "whole", random).catch(() => undefined);
    await sleep(random() * 40);
  }
}

/** Asks until the answer is the right one; anything else, and no answer, is waited out. */
async function insist(act: () => Promise<Answer>, statuses: readonly number[]): Promise<Answer> {
  for (;;) {
    const answer = await act().catch(() => null);
    if (answer !== null && statuses.includes(answer.status)) return answer;
    await sleep(200);
  }
}

async function sendBody(
  client: Device,
  location: string,
  offset: number,
  body: Buffer,
  habit: (typeof habits)[number],
  random: () => number,
): Promise<void> {
  if (habit === "whole") return void (await client.patch(location, offset, body));
  if (habit === "checksum") {
    const digest = createHash("sha1").update(body).digest("base64");
    return void (await client.patch(location, offset, body, { "Upload-Checksum": `sha1 ${digest}` }));
  }
  const { request, answered } = client.openPatch(location, offset, body.length);
  request.on("error", () => undefined);
  const end = habit === "cut" ? random() * body.length : body.length;
  for (let at = 0; at < end && !request.destroyed; ) {
    const size = 1 + Math.floor(random() * 150_000);
    request.write(body.subarray(at, Math.min(body.length, at + size)));
    at += size;
    if (random() < 0.3) await sleep(random() * 20);
  }
  if (habit === "cut") return void request.destroy();
  request.end();
  await answered;
}
