import { createServer, type Server } from "node:http";
import { connect } from "node:net";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { BadLink, type BadLinkOptions } from "./bad-link.ts";
import { linkProfiles } from "./link-profiles.ts";

const KiB = 1024;

describe("BadLink", () => {
  let server: Server;
  let target = 0;
  let receivedBytes = 0;
  const links: BadLink[] = [];
  beforeEach(async () => {
    receivedBytes = 0;
    server = createServer((request, response) => {
      let bytes = 0;
      request.on("data", (data: Buffer) => {
        bytes += data.length;
        receivedBytes += data.length;
      });
      request.on("end", () => response.end(String(bytes)));
      request.on("error", () => undefined);
    });
    await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
    const address = server.address();
    target = typeof address === "object" ? (address?.port ?? 0) : 0;
  });
  afterEach(async () => {
    for (const link of links.splice(0)) await link.close();
    server.closeAllConnections();
    await new Promise((closed) => server.close(closed));
  });

  const open = async (options: Omit<BadLinkOptions, "target">) => {
    const link = await BadLink.open({ target, ...options });
    links.push(link);
    return link;
  };
  const post = async (link: BadLink, bytes: number, timeoutMs = 5000) => {
    const signal = AbortSignal.timeout(timeoutMs);
    const answer = await fetch(link.url, { method: "POST", body: new Uint8Array(bytes), signal });
    return answer.text();
  };

  it("keeps to latency and rate, and to both faster by the time scale", async () => {
    const profile = { latencyMs: 1000, upBytesPerSecond: 32 * KiB };
    const link = await open({ profile, timeScale: 0.05 });
    const beganAtMs = performance.now();
    expect(await post(link, 256 * KiB)).toBe(String(256 * KiB));
    // 8 s and 2 s there and back at least, twenty times as fast.
    expect(performance.now() - beganAtMs).toBeGreaterThanOrEqual(0.05 * 9900);
    expect(link.passed.up).toBeGreaterThan(256 * KiB);
  });

  it("cuts at exactly the byte that was asked for, the same each time", async () => {
    for (let round = 0; round < 2; round++) {
      const link = await open({ profile: {}, cutAfterBytes: { up: [100_000] } });
      await expect(post(link, 256 * KiB)).rejects.toThrow();
      expect(link.passed.up).toBe(100_000);
      expect(link.connections).toEqual({ accepted: 1, cut: 1 });
      expect(await post(link, 1000)).toBe("1000");
    }
  });

  it("loses an answer after the work was done", async () => {
    const link = await open({ profile: {} });
    link.loseNextAnswer();
    await expect(post(link, 5000)).rejects.toThrow();
    expect(receivedBytes).toBe(5000);
    expect(link.passed.down).toBe(0);
  });

  it("is silent, down and up again", async () => {
    const link = await open({ profile: {} });
    link.make("silence");
    await expect(post(link, 10, 200)).rejects.toThrow();
    expect(link.passed.up).toBe(0);
    link.make("down");
    await expect(post(link, 10)).rejects.toThrow();
    link.make("up");
    expect(await post(link, 10)).toBe("10");
  });

  it("flaps by its schedule", async () => {
    const steps = [
      { atMs: 300, event: "down" },
      { atMs: 600, event: "up" },
    ] as const;
    const link = await open({ profile: { flaps: { periodMs: 600, steps } } });
    const seen = new Set<boolean>();
    for (let i = 0; i < 60 && seen.size < 2; i++)
      seen.add(
        await post(link, 10).then(
          () => true,
          () => false,
        ),
      );
    await expect.poll(() => post(link, 10).catch(() => ""), { timeout: 5000 }).toBe("10");
    expect(link.connections.accepted).toBeGreaterThan(1);
  });

  it("lets headers through an MTU hole and swallows bodies", async () => {
    const link = await open({ profile: "mtu-hole", timeScale: 0.1 });
    expect(await post(link, 10)).toBe("10");
    await expect(post(link, 100_000, 300)).rejects.toThrow();
    expect(receivedBytes).toBeLessThan(100_000);
  });

  it("answers with a page at a captive portal, and has a name that leads nowhere where names are dead", async () => {
    const captive = await open({ profile: "captive", timeScale: 0.1 });
    expect(await post(captive, 10)).toBe(linkProfiles.captive.page);
    expect(receivedBytes).toBe(0);
    expect((await open({ profile: "dns-dead" })).url).toMatch(/^http:\/\/archive\.invalid:/);
  });

  it("closes slowly when it is told to", async () => {
    const link = await open({ profile: { slowCloseMs: 300 } });
    const socket = connect(Number(new URL(link.url).port), "127.0.0.1");
    const beganAtMs = performance.now();
    socket.end("GET / HTTP/1.0\r\n\r\n").resume();
    await new Promise((closed) => socket.once("end", closed));
    expect(performance.now() - beganAtMs).toBeGreaterThanOrEqual(290);
  });
});
