import { EventEmitter } from "node:events";
import type { IncomingMessage, ServerResponse } from "node:http";
import { describe, expect, it } from "vitest";
import { AppError } from "../lib/errors.ts";
import { limitDeviceWork } from "./work-gate.ts";

function ask(gate: ReturnType<typeof limitDeviceWork>, url: string, authorization?: string): ServerResponse {
  const response = new EventEmitter() as ServerResponse; // only its end is looked at
  gate({ method: "GET", url, headers: { authorization } } as IncomingMessage, response);
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
});
