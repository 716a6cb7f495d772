import { EventEmitter } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { type AddressInfo, connect } from "node:net";
import { describe, expect, it } from "vitest";
import { AppError } from "../lib/errors.ts";
import { limitDeviceWork } from "./work-gate.ts";

function ask(gate: ReturnType<typeof limitDeviceWork>, url: string, authorization?: string): ServerResponse {
  const response = new EventEmitter() as ServerResponse; // only its end is looked at
  gate({ method: "GET", url, headers: { authorization }, complete: true } as IncomingMessage, response);
  return response;
}

describe("limitDeviceWork", () => {
  it("sends a device away, with a time, while as many are served as may be", () => {
    const gate = limitDeviceWork(2);
    const first = ask(gate, "/api/devices/heartbeat", "Bearer srd_1");
    ask(gate, "/api/recordings/R-7K2M4-0418Q?x=1", "Bearer srd_1");
    const third = () => ask(gate, "/api/recordings", "Bearer srd_1");
    expect(third).toThrow(AppError);
    expect(third).toThrow(expect.objectContaining({ code: "unavailable", retryAfterSeconds: expect.any(Number) }));
    first.emit("close");
    expect(third).not.toThrow();
  });

  it("counts neither people, nor what brings and fetches bytes, nor health", () => {
    const gate = limitDeviceWork(0);
    for (const url of ["/api/recordings/R-7K2M4-0418Q", "/devices", "/api/devices/D-7K2M4-0418Q", "/api/health/ready"])
      ask(gate, url);
    for (const url of ["/api/uploads/x", "/api/recordings/R-7K2M4-0418Q/content"]) ask(gate, url, "Bearer srd_1");
    expect(() => ask(gate, "/api/devices/nonce")).toThrow(AppError);
  });

  it("counts nobody whose question has not come whole: who sends it slowly keeps no one out", async () => {
    const gate = limitDeviceWork(1);
    const held: ServerResponse[] = [];
    let asked = 0;
    const server = createServer((request, response) => {
      asked += 1;
      try {
        gate(request, response);
      } catch {
        response.statusCode = 503;
      }
      if (request.headers["x-hold"] === undefined) response.end();
      else held.push(response);
    });
    await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
    const { port } = server.address() as AddressInfo; // it listens on a port
    const nonce = async (headers = {}) =>
      (await fetch(`http://127.0.0.1:${port}/api/devices/nonce`, { method: "POST", headers, body: "{}" })).status;
    const slow = connect(port, "127.0.0.1");
    slow.write("POST /api/devices/token HTTP/1.1\r\nHost: a\r\nX-Hold: 1\r\nContent-Length: 9\r\n\r\ng");
    await expect.poll(() => asked).toBe(1);
    expect(await nonce()).toBe(200);
    const whole = nonce({ "X-Hold": "1" });
    await expect.poll(() => held.length).toBe(2);
    expect(await nonce()).toBe(503);
    for (const response of held) response.end();
    expect(await whole).toBe(200);
    slow.destroy();
    await new Promise((closed) => server.close(closed));
  });
});
