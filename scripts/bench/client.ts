import { type Agent, type ClientRequest, request as httpRequest, type IncomingHttpHeaders } from "node:http";

/** A server under test. */
export type Target = {
  name: string;
  url: string;
  token: string;
  /** 0: not a process of this machine's that can be measured. */
  pid: number;
  /** How bytes get there: by tus, or by one PUT for each piece. */
  speaks: "tus" | "put";
};

/** An answer without its body. */
export type Answer = { status: number; headers: IncomingHttpHeaders };

type Ask = {
  method: string;
  url: string;
  headers?: Record<string, string | number>;
  body?: Uint8Array;
};

/** Starts a request, whose body may follow, and promises its answer. */
export function open(agent: Agent, target: Target, { method, url, headers = {} }: Ask) {
  const request: ClientRequest = httpRequest(url, {
    method,
    agent,
    headers: { "Tus-Resumable": "1.0.0", Authorization: `Bearer ${target.token}`, ...headers },
  });
  const answered = new Promise<Answer>((resolve, reject) => {
    request.once("error", reject);
    request.once("response", (response) => {
      response.resume();
      response.once("error", reject);
      response.once("end", () => resolve({ status: response.statusCode ?? 0, headers: response.headers }));
    });
  });
  return { request, answered };
}

/** Sends a request and waits for its answer. */
export function send(agent: Agent, target: Target, ask: Ask): Promise<Answer> {
  const { request, answered } = open(agent, target, ask);
  request.end(ask.body);
  return answered;
}

function expectStatus(target: Target, what: string, { status }: Answer, ...expected: number[]): void {
  if (!expected.includes(status)) throw new Error(`${target.name}: ${what} answered ${status}`);
}

/** Opens an upload, or names the file that PUTs will write; returns its address. */
export async function create(agent: Agent, target: Target, sizeBytes: number, name: string): Promise<string> {
  if (target.speaks === "put") return `${target.url}/put/${name}`;
  const base = `${target.url}/api/uploads`;
  const answer = await send(agent, target, { method: "POST", url: base, headers: { "Upload-Length": sizeBytes } });
  expectStatus(target, "creation", answer, 201);
  return new URL(answer.headers.location ?? "", base).href;
}

/** The fields of a PATCH at an offset. */
export function patchFields(offsetBytes: number, lengthBytes: number) {
  return {
    "Upload-Offset": offsetBytes,
    "Content-Type": "application/offset+octet-stream",
    "Content-Length": lengthBytes,
  };
}

/** Sends one piece at an offset. With PUT each piece is a file of its own: nginx appends to none. */
export async function sendPiece(agent: Agent, target: Target, url: string, offsetBytes: number, body: Uint8Array) {
  const ask =
    target.speaks === "put"
      ? { method: "PUT", url: `${url}.${offsetBytes}`, headers: { "Content-Length": body.byteLength }, body }
      : { method: "PATCH", url, headers: patchFields(offsetBytes, body.byteLength), body };
  expectStatus(target, ask.method, await send(agent, target, ask), 201, 204);
}

/** Uploads one file in pieces of the size of `bytes`, and notes how many milliseconds each took. */
export async function uploadFile(
  agent: Agent,
  target: Target,
  file: { name: string; sizeBytes: number; bytes: Uint8Array },
  times: number[],
): Promise<void> {
  const { sizeBytes, bytes } = file;
  const url = await create(agent, target, sizeBytes, file.name);
  for (let offset = 0; offset < sizeBytes; offset += bytes.byteLength) {
    const body = bytes.subarray(0, Math.min(bytes.byteLength, sizeBytes - offset));
    const started = performance.now();
    await sendPiece(agent, target, url, offset, body);
    times.push(performance.now() - started);
  }
}
