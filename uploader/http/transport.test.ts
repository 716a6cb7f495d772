import { createServer, type RequestListener, type Server } from "node:http";
import { createServer as createTcpServer, type Server as TcpServer } from "node:net";
import { afterEach, describe, expect, it } from "vitest";
import { Problem } from "../problems.ts";
import { bodyOf } from "./answers.ts";
import { explainFailure } from "./explain-failure.ts";
import { defaultTransportSettings, Transport, type TransportSettings, unthrottled } from "./transport.ts";

const never = new AbortController().signal;

describe("Transport", () => {
  const servers: (Server | TcpServer)[] = [];
  const transports: Transport[] = [];
  afterEach(async () => {
    for (const transport of transports.splice(0)) transport.close();
    for (const server of servers.splice(0)) {
      if ("closeAllConnections" in server) server.closeAllConnections();
      server.close();
    }
  });

  const listen = async (server: Server | TcpServer) => {
    servers.push(server);
    await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
    const address = server.address();
    return `http://127.0.0.1:${typeof address === "object" ? address?.port : 0}/`;
  };
  const serve = (answer: RequestListener) => listen(createServer(answer));
  const open = (settings: Partial<TransportSettings> = {}, throttle = unthrottled) => {
    const transport = new Transport({ ...defaultTransportSettings, ...settings }, throttle);
    transports.push(transport);
    return transport;
  };
  const failureOf = async (sent: Promise<unknown>): Promise<Problem> => {
    const error = await sent.then(
      () => null,
      (thrown: unknown) => thrown,
    );
    if (error instanceof Problem) return error;
    throw new Error(`No Problem but ${error}`);
  };

  it("ends a request whose answer drips and does not come to an end", async () => {
    const url = await serve((_request, response) => {
      const timer = setInterval(() => response.write("."), 20);
      response.on("close", () => clearInterval(timer));
    });
    const sent = open({ stallTimeoutMs: 200, answerTimeoutMs: 300 }).send({ method: "GET", url, headers: {} }, never);
    expect(await failureOf(sent)).toMatchObject({ kind: "again", message: expect.stringMatching(/no whole answer/) });
  });

  it("ends a request whose body only crawls, though it never stands still", async () => {
    // Buffers on the way take a lot; the throttle stands in for a link that takes a slice now and then.
    const url = await serve((request) => void request.resume());
    const transport = open({ stallTimeoutMs: 1_000, minBytesPerSecond: 100_000_000 });
    const body = {
      sizeBytes: 1_000 * 65_536,
      read: async (_buffer: Buffer, _position: number, lengthBytes: number) => {
        await new Promise((resolve) => setTimeout(resolve, 50));
        return lengthBytes;
      },
    };
    const sent = transport.send({ method: "PATCH", url, headers: {}, body }, never);
    expect(await failureOf(sent)).toMatchObject({ message: expect.stringMatching(/only \d+ bytes a second moved/) });
  });

  it("does not take its own limit for a crawling link", async () => {
    const url = await serve((request, response) => request.resume().on("end", () => response.end("ok")));
    const slow = { take: () => new Promise<void>((resolve) => setTimeout(resolve, 100)) };
    const transport = open({ stallTimeoutMs: 50, minBytesPerSecond: 10_000_000 }, slow);
    const body = bodyOf(Buffer.alloc(5 * 65_536));
    expect((await transport.send({ method: "PATCH", url, headers: {}, body }, never)).body).toBe("ok");
  });

  it.each<[string, RequestListener]>([
    [
      "a page with 200",
      (_, response) => response.writeHead(200, { "Content-Type": "text/html" }).end("<h1>Sign in</h1>"),
    ],
    ["511", (_, response) => response.writeHead(511).end()],
    ["a redirect elsewhere", (_, response) => response.writeHead(302, { Location: "http://portal.example/" }).end()],
  ])("tells a network that wants a sign-in by %s, whatever the method", async (_name, answer) => {
    const url = await serve(answer);
    for (const method of ["GET", "HEAD", "PATCH"])
      expect(await failureOf(open().send({ method, url, headers: {} }, never))).toMatchObject({
        kind: "again",
        reason: "captive_portal",
      });
  });

  it("takes the archive's own pages, redirects to itself and a proxy's 502 for what they are", async () => {
    const url = await serve((request, response) => {
      if (request.url === "/ours") response.setHeader("Strongroom-Request", "r-1");
      const status = { "/ours": 200, "/slash": 308, "/bad": 502 }[request.url ?? ""] ?? 404;
      response.writeHead(status, { "Content-Type": "text/html", Location: "/elsewhere/" }).end("<h1>nginx</h1>");
    });
    for (const [path, status] of [
      ["ours", 200],
      ["slash", 308],
      ["bad", 502],
    ] as const)
      expect((await open().send({ method: "GET", url: `${url}${path}`, headers: {} }, never)).status).toBe(status);
  });

  it("says what is wrong when nobody is there, in words", async () => {
    const closed = await listen(createTcpServer((socket) => socket.destroy()));
    const cases: [string, RegExp][] = [
      ["http://127.0.0.1:9/", /127\.0\.0\.1:9 cannot be reached: nothing listens there/],
      ["http://archive.invalid/", /name.*\(DNS\)/],
      [closed, /cut off|closed|hang up/],
    ];
    for (const [url, words] of cases)
      expect(await failureOf(open().send({ method: "GET", url, headers: {} }, never))).toMatchObject({
        reason: "offline",
        message: expect.stringMatching(words),
      });
  });

  it("sends through a proxy that the environment names", async () => {
    const proxy = await serve((request, response) => response.end(`by proxy: ${request.url}`));
    const transport = open({ proxyEnv: { HTTP_PROXY: proxy } });
    const answer = await transport.send({ method: "GET", url: "http://archive.invalid/x", headers: {} }, never);
    expect(answer.body).toBe("by proxy: http://archive.invalid/x");
  });
});

describe("explainFailure", () => {
  const url = new URL("https://archive.example/");
  const failed = (code: string) => explainFailure(Object.assign(new Error(code), { code }), url);

  it("names the clock where a certificate is refused because of it", () => {
    expect(failed("CERT_NOT_YET_VALID")).toMatchObject({
      reason: "clock",
      message: expect.stringMatching(/not valid yet\. This device believes that it is \d{4}-\d\d-\d\d \d\d:\d\d UTC/),
    });
    expect(failed("CERT_HAS_EXPIRED").message).toMatch(/has expired.*set this device's clock/);
  });

  it("finds the reason among those of several addresses", () => {
    const refused = Object.assign(new Error("no"), { code: "ECONNREFUSED" });
    expect(explainFailure(new AggregateError([refused, refused]), url).message).toMatch(/nothing listens there/);
    expect(failed("SELF_SIGNED_CERT_IN_CHAIN").message).toMatch(/NODE_EXTRA_CA_CERTS/);
    expect(failed("EWHATEVER").message).toMatch(/cannot be reached: EWHATEVER/);
  });
});
