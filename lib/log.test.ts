import { describe, expect, test } from "vitest";
import { createLog } from "./log.ts";

function capture(): { lines: string[]; write(line: string): void } {
  const lines: string[] = [];
  return { lines, write: (line) => lines.push(line) };
}

describe("the log", () => {
  test("says of an error its kind, code, message and cause, and nothing that hangs on it", () => {
    const out = capture();
    const error = Object.assign(new Error("it broke", { cause: new TypeError("the reason") }), {
      code: "57P01",
      client: { secretKey: 357530726, connectionParameters: { password: "hunter2" } },
    });
    createLog("warn", out).warn({ err: error }, "a connection broke");
    const line = JSON.parse(out.lines[0] ?? "");
    expect(line.err).toMatchObject({
      type: "Error",
      code: "57P01",
      message: "it broke",
      cause: { message: "the reason" },
    });
    expect(out.lines[0]).not.toMatch(/secretKey|hunter2/);
  });

  test("cuts secrets out by name", () => {
    const out = capture();
    createLog("info", out).info({ token: "srd_abc", request: { authorization: "Bearer srd_abc" } }, "a request");
    expect(out.lines[0]).not.toContain("srd_abc");
  });
});
