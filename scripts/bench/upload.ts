import { Agent, request as httpRequest } from "node:http";

/** An endpoint under test. */
export type Target = { name: string; url: string; token: string; pid: number };

/** Figures of one run. */
export type UploadFigures = { mibPerSecond: number; patchP50Ms: number; patchP99Ms: number };

const mib = 1024 * 1024;

type Ask = { method: string; url: string; headers: Record<string, string | number>; body?: Uint8Array };

function send(agent: Agent, target: Target, { method, url, headers, body }: Ask) {
  return new Promise<{ status: number; location: string }>((resolve, reject) => {
    const request = httpRequest(url, {
      method,
      agent,
      headers: { "Tus-Resumable": "1.0.0", Authorization: `Bearer ${target.token}`, ...headers },
    });
    request.once("error", reject);
    request.once("response", (response) => {
      response.resume();
      response.once("error", reject);
      response.once("end", () =>
        resolve({ status: response.statusCode ?? 0, location: response.headers.location ?? "" }),
      );
    });
    request.end(body);
  });
}

async function uploadOne(
  agent: Agent,
  target: Target,
  file: { bytes: Uint8Array; sizeBytes: number },
  times: number[],
) {
  const { bytes, sizeBytes } = file;
  const base = `${target.url}/api/uploads`;
  const created = await send(agent, target, { method: "POST", url: base, headers: { "Upload-Length": sizeBytes } });
  if (created.status !== 201) throw new Error(`${target.name}: creation answered ${created.status}`);
  const url = new URL(created.location, base).href;
  for (let offset = 0; offset < sizeBytes; offset += bytes.byteLength) {
    const body = bytes.subarray(0, Math.min(bytes.byteLength, sizeBytes - offset));
    const headers = {
      "Upload-Offset": offset,
      "Content-Type": "application/offset+octet-stream",
      "Content-Length": body.byteLength,
    };
    const started = performance.now();
    const { status } = await send(agent, target, { method: "PATCH", url, headers, body });
    if (status !== 204) throw new Error(`${target.name}: a PATCH answered ${status}`);
    times.push(performance.now() - started);
  }
}

function percentile(sorted: number[], share: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;
}

/** Uploads `streams` files at once, in PATCHes of the size of `bytes`. */
export async function measureUpload(target: Target, plan: { streams: number; sizeMib: number; bytes: Uint8Array }) {
  const agent = new Agent({ keepAlive: true, maxSockets: plan.streams });
  const times: number[] = [];
  const started = performance.now();
  const file = { bytes: plan.bytes, sizeBytes: plan.sizeMib * mib };
  await Promise.all(Array.from({ length: plan.streams }, () => uploadOne(agent, target, file, times)));
  const seconds = (performance.now() - started) / 1000;
  agent.destroy();
  times.sort((a, b) => a - b);
  const figures: UploadFigures = {
    mibPerSecond: (plan.streams * plan.sizeMib) / seconds,
    patchP50Ms: percentile(times, 0.5),
    patchP99Ms: percentile(times, 0.99),
  };
  return figures;
}
