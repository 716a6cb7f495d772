import { NextRequest } from "next/server";
import { describe, expect, test } from "vitest";
import { POST } from "./[...nextauth]/route";

const post = (action: string, init: object) =>
  POST(new NextRequest(`http://archive/api/auth/${action}`, { method: "POST", ...init }), {
    params: Promise.resolve({ nextauth: action.split("/") }),
  });

describe("next-auth's own addresses", () => {
  test("take no body that is longer than a sign-in", async () => {
    let takenBytes = 0;
    const body = new ReadableStream({
      pull(controller) {
        takenBytes += 1024 * 1024;
        if (takenBytes > 64 * 1024 * 1024) controller.close();
        else controller.enqueue(new Uint8Array(1024 * 1024));
      },
    });
    const headers = { "Content-Type": "application/x-www-form-urlencoded" };
    expect((await post("callback/credentials", { headers, body, duplex: "half" })).status).toBe(413);
    expect(takenBytes).toBeLessThanOrEqual(4 * 1024 * 1024);
  });

  test("say what is wrong with what is no JSON", async () => {
    const init = { headers: { "Content-Type": "application/json" }, body: "{csrf" };
    expect((await post("callback/credentials", init)).status).toBe(400);
  });

  test("let nobody write into the archive's log", async () => {
    const init = { headers: { "Content-Type": "application/json" }, body: '{"level":"error","code":"made up"}' };
    expect((await post("_log", init)).status).toBe(404);
  });
});
