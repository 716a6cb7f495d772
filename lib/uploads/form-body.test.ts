import { once } from "node:events";
import { expect, test } from "vitest";
import { FormBody } from "./form-body.ts";

test("a file that is longer than was said is not passed on to its end, in whatever pieces it comes", async () => {
  const options = { skipBytes: 3, lengthBytes: 10, sha256: null, whole: Promise.resolve() };
  const body = new FormBody(options);
  const passed: Uint8Array[] = [];
  body.on("data", (piece: Uint8Array) => passed.push(piece));
  const failed = once(body, "error");
  body.write(Buffer.alloc(6));
  body.write(Buffer.alloc(4));
  body.end(Buffer.alloc(1));
  expect((await failed)[0]).toMatchObject({ code: "too_large", field: "size" });
  expect(Buffer.concat(passed)).toHaveLength(3);
});
