import { request as httpRequest, type IncomingHttpHeaders } from "node:http";
import { text } from "node:stream/consumers";
import { encodeMetadataHeader } from "../../lib/protocol/index.ts";

/** One answer of the endpoint. */
export type Answer = { status: number; headers: IncomingHttpHeaders; body: string };

type Ask = {
  method: string;
  token?: string;
  headers?: Record<string, string>;
  body?: Uint8Array | null;
  /** Of tus; null: the request does not speak it. */
  version?: string | null;
};

/** Sends one request with exactly these fields, as a client of any kind might. */
export function ask(
  url: string,
  { method, token, headers = {}, body = null, version = "1.0.0" }: Ask,
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const request = httpRequest(url, {
      method,
      agent: false,
      headers: {
        ...(version === null ? {} : { "Tus-Resumable": version }),
        ...(token === undefined ? {} : { Authorization: `Bearer ${token}` }),
        ...(body === null ? {} : { "Content-Length": body.byteLength }),
        ...headers,
      },
    });
    request.once("error", reject);
    request.once("response", (response) => {
      text(response).then(
        (content) => resolve({ status: response.statusCode ?? 0, headers: response.headers, body: content }),
        reject,
      );
    });
    request.end(body);
  });
}

/** A device that uploads by hand, request by request. */
export function tusDevice(url: () => string, ownToken: string | (() => string)) {
  const token = () => (typeof ownToken === "string" ? ownToken : ownToken());
  const at = (location: string) => new URL(location, url()).href.replace(/^http:\/\/[^/]+/, url());
  return {
    create: (length: number | null, metadata: Record<string, string> = {}, headers: Record<string, string> = {}) =>
      ask(`${url()}/api/uploads`, {
        method: "POST",
        token: token(),
        headers: {
          ...(length === null ? { "Upload-Defer-Length": "1" } : { "Upload-Length": String(length) }),
          "Upload-Metadata": encodeMetadataHeader(Object.entries(metadata)),
          ...headers,
        },
      }),
    createWith: (length: number, metadata: Record<string, string>, body: Uint8Array) =>
      ask(`${url()}/api/uploads`, {
        method: "POST",
        token: token(),
        body,
        headers: {
          "Upload-Length": String(length),
          "Upload-Metadata": encodeMetadataHeader(Object.entries(metadata)),
          "Content-Type": "application/offset+octet-stream",
        },
      }),
    patch: (location: string, offset: number, body: Uint8Array, headers: Record<string, string> = {}) =>
      ask(at(location), {
        method: "PATCH",
        token: token(),
        body,
        headers: { "Upload-Offset": String(offset), "Content-Type": "application/offset+octet-stream", ...headers },
      }),
    head: (location: string) => ask(at(location), { method: "HEAD", token: token() }),
    remove: (location: string) => ask(at(location), { method: "DELETE", token: token() }),
    /** Opens a PATCH, or another request, whose body the caller writes, ends or cuts off. */
    openPatch: (
      location: string,
      offset: number,
      length: number | null,
      headers: Record<string, string> = {},
      method = "PATCH",
    ) => {
      const request = httpRequest(at(location), {
        method,
        agent: false,
        headers: {
          "Tus-Resumable": "1.0.0",
          Authorization: `Bearer ${token()}`,
          "Upload-Offset": String(offset),
          "Content-Type": "application/offset+octet-stream",
          ...(length === null ? {} : { "Content-Length": length }),
          ...headers,
        },
      });
      const answered = new Promise<Answer>((resolve, reject) => {
        request.once("error", reject);
        request.once("response", (response) => {
          text(response).then(
            (body) => resolve({ status: response.statusCode ?? 0, headers: response.headers, body }),
            reject,
          );
        });
      });
      answered.catch(() => undefined); // a cut is what some tests want
      return { request, answered };
    },
  };
}
