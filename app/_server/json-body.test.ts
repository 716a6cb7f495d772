import { describe, expect, test } from "vitest";
import { readJson } from "./json-body";
import { jsonBody } from "./query";

const mebibyte = new Uint8Array(1024 * 1024).fill(97);

/** A request whose body never ends, and how much of it was taken. */
function endless() {
  const taken = { bytes: 0 };
  const body = new ReadableStream({
    pull(controller) {
      taken.bytes += mebibyte.length;
      if (taken.bytes > 64 * mebibyte.length) controller.close();
      else controller.enqueue(mebibyte);
    },
  });
  const headers = { "Content-Type": "application/json" };
  const init = { method: "POST", headers, body, duplex: "half" };
  return { request: new Request("http://archive/api/sites", init as RequestInit), taken }; // the types know no `duplex`
}

describe("a JSON body", () => {
  test.each([
    ["readJson", readJson],
    ["jsonBody", jsonBody],
  ])("that is too long is refused by %s before it is held", async (_name, read) => {
    const { request, taken } = endless();
    await expect(read(request)).rejects.toMatchObject({ code: "too_large" });
    expect(taken.bytes).toBeLessThanOrEqual(4 * mebibyte.length);
  });

  test("is an object, or nothing", async () => {
    const post = (body: string) =>
      new Request("http://archive/", { method: "POST", body, headers: { "Content-Type": "application/json" } });
    expect(await jsonBody(post('{"a":1}'))).toEqual({ a: 1 });
    expect(await jsonBody(post(""))).toEqual({});
    for (const body of ["[]", "1", "null", "{", '"a"'])
      await expect(jsonBody(post(body))).rejects.toMatchObject({ code: "invalid_input" });
    const plain = new Request("http://archive/", { method: "POST", body: "{}" });
    await expect(jsonBody(plain)).rejects.toMatchObject({ code: "unsupported_media_type" });
  });
});
