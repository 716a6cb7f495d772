import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { encode } from "next-auth/jwt";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Env } from "../lib/env.ts";
import type { Services } from "../lib/services.ts";
import { addressField, correlationField, nameRequest } from "./request-context.ts";
import { makeSessionCookie } from "./session.ts";
import { pathField, prepareWebRequest } from "./web-request.ts";

const env = {
  authSecret: "a secret of more than thirty-two characters",
  publicUrl: "http://localhost:3000",
  trustedProxies: { hops: 1, ranges: null },
  proxyFields: "x-forwarded",
} as Env; // what is read of it
const clock = { now: () => new Date(Date.now() + 15 * 60_000) };
const services = { env, clock } as Services; // as above

let server: Server;
let url: string;

// Answers with the request's fields as the pages would see them.
beforeAll(async () => {
  server = createServer((request, response) => {
    const isStranger = request.url === "/stranger";
    nameRequest(request, isStranger ? { ...env, trustedProxies: { hops: 0, ranges: null } } : env);
    void prepareWebRequest(services, request, response).then(() => response.end(JSON.stringify(request.headers)));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`; // a TCP server's address
});
afterAll(() => server.close());

test("every answer has its own nonce, which the pages see, whatever the client sends", async () => {
  const forged = { "content-security-policy": "script-src 'nonce-mine'", [pathField]: "//evil.example" };
  const answers = await Promise.all([1, 2].map(() => fetch(`${url}/recordings?state=sealed`, { headers: forged })));
  const policies = answers.map((answer) => answer.headers.get("content-security-policy") ?? "");
  expect(new Set(policies.map((policy) => /'nonce-([\w+/=]{24})'/.exec(policy)?.[1])).size).toBe(2);
  expect(policies[0]).toContain("frame-ancestors 'none'");
  expect(policies[0]).not.toContain("unsafe-eval");
  const seen = (await answers[0]?.json()) as Record<string, string>;
  expect(seen["content-security-policy"]).toBe(policies[0]);
  expect(seen[pathField]).toBe("/recordings?state=sealed");
  expect(answers[0]?.headers.get("x-content-type-options")).toBe("nosniff");
});

test("the pages see what a proxy says only when it is believed", async () => {
  const headers = { "x-forwarded-host": "evil.example", "x-forwarded-proto": "https", forwarded: "host=evil.example" };
  const seenAt = async (path: string) =>
    (await (await fetch(`${url}${path}`, { headers })).json()) as Record<string, string>;
  expect(await seenAt("/recordings")).toMatchObject(headers);
  const strangers = await seenAt("/stranger");
  for (const name of Object.keys(headers)) expect(strangers).not.toHaveProperty(name);
  expect(strangers[addressField]).toBe("127.0.0.1");
});

test("reading a page renews an older session; an act, a file and a prefetch do not", async () => {
  const { name, value } = await makeSessionCookie(services, { accountId: "P-00000-00000", sessionEpoch: 1 });
  const cookie = { cookie: `${name}=${value}` };
  const renewed = async (path: string, init: RequestInit) =>
    (await fetch(`${url}${path}`, init)).headers.get("set-cookie");
  expect(await renewed("/recordings", { headers: cookie })).toMatch(/^strongroom\.session=.*HttpOnly; SameSite=Lax$/);
  expect(await renewed("/recordings", { headers: cookie, method: "POST" })).toBeNull();
  expect(await renewed("/_next/static/x.js", { headers: cookie })).toBeNull();
  expect(await renewed("/api/recordings", { headers: cookie })).toBeNull();
  expect(await renewed("/recordings", { headers: { ...cookie, "next-router-prefetch": "1" } })).toBeNull();
  expect(await renewed("/recordings", {})).toBeNull();
  const foreign = await encode({ token: { accountId: "x" }, secret: "another secret" });
  expect(await renewed("/recordings", { headers: { cookie: `${name}=${foreign}` } })).toBeNull();
});

test("where a request came from is ours to say, and stays when Next asks again for its page", async () => {
  const seenBy = async (headers: Record<string, string>) =>
    (await (await fetch(url, { method: "POST", headers })).json()) as Record<string, string>;
  const forged = { [addressField]: "6.6.6.6", [correlationField]: "made up", "x-strongroom-own": "guess" };
  const first = await seenBy({ ...forged, "x-forwarded-for": "203.0.113.9" });
  expect(first[addressField]).toBe("203.0.113.9");
  expect(first[correlationField]).toMatch(/^[0-9a-f]{16}$/);
  const { host, connection, "content-length": length, "x-forwarded-for": forwarded, ...kept } = first;
  const again = await seenBy(kept);
  expect([again[addressField], again[correlationField]]).toEqual([first[addressField], first[correlationField]]);
});
