// Next finds the request that it answers by what this puts on globalThis; its modules read it when they load.
import "next/dist/server/node-environment-baseline.js";

import { readdirSync } from "node:fs";
import type { IncomingMessage, RequestListener, ServerResponse } from "node:http";
import { join, relative } from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import type { ReadableStream as NodeReadableStream } from "node:stream/web";
import { workAsyncStorage } from "next/dist/server/app-render/work-async-storage.external.js";
import { workUnitAsyncStorage } from "next/dist/server/app-render/work-unit-async-storage.external.js";
import { RequestCookies } from "next/dist/server/web/spec-extension/cookies.js";
import { NextRequest } from "next/server.js";

const root = join(import.meta.dirname, "../..");
const methodNames = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"];

type Handler = (request: NextRequest, context: { params: Promise<object> }) => Promise<Response> | Response;

/** One file under app/ that answers programs. */
export type WebRoute = {
  file: string;
  /** As in the OpenAPI document; what stands for the rest of an address ends in "…". */
  path: string;
  methods: string[];
  handlers: Record<string, Handler>;
};

/** Reads every route under app/, with the methods that it exports. */
export async function readWebRoutes(): Promise<WebRoute[]> {
  // Not by a pattern: those leave out folders whose names begin with a dot.
  const files = readdirSync(join(root, "app"), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && /^route\.tsx?$/.test(entry.name))
    .map((entry) => relative(root, join(entry.parentPath, entry.name)));
  return Promise.all(
    files.map(async (file) => {
      const handlers: Record<string, Handler> = await import(join(root, file));
      const path = file
        .replace(/^app/, "")
        .replace(/\/route\.tsx?$/, "")
        .replaceAll(/\/\(\w+\)/g, "")
        .replaceAll(/\[\.\.\.(\w+)\]/g, "{$1…}")
        .replaceAll(/\[(\w+)\]/g, "{$1}");
      return { file, path, handlers, methods: methodNames.filter((method) => method in handlers) };
    }),
  );
}

/** Serves routes as Next does, without a build: for tests that want their answers over HTTP. */
export function serveWebRoutes(routes: readonly WebRoute[]): RequestListener {
  // A segment that is a word comes before one that stands for any.
  const inOrder = [...routes].sort((one, other) =>
    one.path.replaceAll("{", "~") < other.path.replaceAll("{", "~") ? -1 : 1,
  );
  const patterns = inOrder.map((route) => ({
    route,
    pattern: new RegExp(
      `^${route.path.replaceAll(/\{(\w+)…\}/g, "(?<$1>.+)").replaceAll(/\{(\w+)\}/g, "(?<$1>[^/]+)")}$`,
    ),
  }));
  return (request, response) => {
    const { pathname } = new URL(request.url ?? "/", "http://archive");
    for (const { route, pattern } of patterns) {
      const found = pattern.exec(pathname);
      if (found === null) continue;
      const handler = route.handlers[request.method === "HEAD" ? "GET" : (request.method ?? "")];
      if (handler === undefined) break;
      const rest = /\{(\w+)…\}/.exec(route.path)?.[1];
      const params = Object.entries(found.groups ?? {}).map(([name, value]) => [
        name,
        name === rest ? value.split("/") : decodeURIComponent(value),
      ]);
      answer(request, response, handler, Object.fromEntries(params)).catch((error: unknown) => {
        console.error(error); // a test must not pass over it
        response.destroy();
      });
      return;
    }
    response.writeHead(404).end();
  };
}

async function answer(request: IncomingMessage, response: ServerResponse, handler: Handler, params: object) {
  const headers = new Headers();
  for (const [name, value] of Object.entries(request.headers))
    for (const one of [value ?? []].flat()) headers.append(name, one);
  const hasBody = request.method !== "GET" && request.method !== "HEAD";
  const body = hasBody ? { body: Readable.toWeb(request) as ReadableStream<Uint8Array>, duplex: "half" as const } : {};
  const url = new URL(request.url ?? "/", `http://${request.headers.host}`);
  const web = new NextRequest(url, { method: request.method ?? "GET", headers, ...body });
  const answered = await within(headers, async () => handler(web, { params: Promise.resolve(params) }));
  for (const [name, value] of answered.headers) response.appendHeader(name, value);
  response.writeHead(answered.status);
  if (answered.body === null || request.method === "HEAD") response.end();
  else await pipeline(Readable.fromWeb(answered.body as NodeReadableStream), response).catch(() => undefined);
}

/** What `headers()` and `cookies()` of next/headers read, as far as our routes and next-auth use them. */
function within<T>(headers: Headers, run: () => Promise<T>): Promise<T> {
  const work = { route: "/test", forceStatic: false, dynamicShouldError: false, isStaticGeneration: false };
  const unit = { type: "request", phase: "render", headers, cookies: new RequestCookies(headers) };
  return workAsyncStorage.run(work as never, () => workUnitAsyncStorage.run(unit as never, run)); // not all of Next's
}
