import { Readable } from "node:stream";
import { buffer } from "node:stream/consumers";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { AppError } from "@/lib/errors.ts";
import { type UploadedForm, withUploadedForm } from "./multipart";

const crlf = "\r\n";

function part(head: string, content: Buffer): Buffer {
  return Buffer.concat([
    Buffer.from(`--edge${crlf}Content-Disposition: form-data; ${head}${crlf}${crlf}`),
    content,
    Buffer.from(crlf),
  ]);
}

const field = (name: string, value: string) => part(`name="${name}"`, Buffer.from(value));
const file = (name: string, content: Buffer, fileName = "order.pdf") =>
  part(`name="${name}"; filename="${fileName}"${crlf}Content-Type: application/pdf`, content);
const end = Buffer.from(`--edge--${crlf}`);

function requestOf(
  parts: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  type = "multipart/form-data; boundary=edge",
) {
  const body = Readable.toWeb(Readable.from(parts, { objectMode: false }));
  const init = { method: "POST", headers: { "Content-Type": type }, body, duplex: "half" };
  return new Request("http://archive/api/requests", init as RequestInit); // the types of browsers know no `duplex`
}

function* inPieces(bytes: Buffer, pieceBytes: number): Generator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += pieceBytes) yield bytes.subarray(at, at + pieceBytes);
}

const collect = async (form: UploadedForm) => ({
  fields: form.fields,
  fileName: form.fileName,
  content: await buffer(form.content),
});

describe("withUploadedForm", () => {
  test("reads fields and the file, cut anywhere", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.uint8Array({ maxLength: 5000 }),
        fc.integer({ min: 1, max: 700 }),
        async (bytes, pieceBytes) => {
          const content = Buffer.from(bytes);
          const body = Buffer.concat([
            field("place", "Gran Vía 1"),
            field("purpose", "a\r\nb"),
            file("order", content, "auto ñ.pdf"),
            end,
          ]);
          const form = await withUploadedForm(requestOf(inPieces(body, pieceBytes)), "order", collect);
          expect(form).toEqual({ fields: { place: "Gran Vía 1", purpose: "a\r\nb" }, fileName: "auto ñ.pdf", content });
        },
      ),
      { numRuns: 60 },
    );
  });

  test("never reads ahead of its reader by more than buffers, and stops when the reader does", async () => {
    let sentBytes = 0;
    async function* endless() {
      yield field("place", "x");
      yield Buffer.from(`--edge${crlf}Content-Disposition: form-data; name="order"; filename="o.pdf"${crlf}${crlf}`);
      for (;;) {
        sentBytes += 65_536;
        yield Buffer.alloc(65_536, 0x61);
      }
    }
    const run = withUploadedForm(requestOf(endless()), "order", async (form) => {
      let readBytes = 0;
      for await (const chunk of form.content) {
        readBytes += chunk.length;
        if (readBytes > 1_000_000) {
          expect(sentBytes - readBytes).toBeLessThan(1_000_000);
          throw new AppError("too_large", "enough");
        }
      }
    });
    await expect(run).rejects.toMatchObject({ code: "too_large" });
    expect(sentBytes).toBeLessThan(80_000_000);
  });

  test("a form without a file has an empty one", async () => {
    const form = await withUploadedForm(requestOf([field("place", "x"), end]), "order", collect);
    expect(form).toEqual({ fields: { place: "x" }, fileName: "", content: Buffer.alloc(0) });
  });

  test("says what is wrong with the form", async () => {
    const refused = (body: Buffer[], type?: string) => withUploadedForm(requestOf(body, type), "order", collect);
    await expect(refused([end], "application/json")).rejects.toMatchObject({ code: "unsupported_media_type" });
    await expect(refused([end], "multipart/form-data")).rejects.toMatchObject({ code: "unsupported_media_type" });
    await expect(refused([file("other", Buffer.from("x")), end])).rejects.toMatchObject({ code: "invalid_input" });
    await expect(refused([field("place", "x".repeat(70_000)), end])).rejects.toMatchObject({ field: "place" });
    await expect(refused([file("order", Buffer.from("half")).subarray(0, -4)])).rejects.toMatchObject({
      code: "invalid_input",
    });
    await expect(refused([field("place", "half").subarray(0, -4)])).rejects.toMatchObject({ code: "invalid_input" });
  });

  test("a sender who goes away is told apart from one who sends nonsense", async () => {
    async function* cut() {
      yield file("order", Buffer.alloc(100_000)).subarray(0, -4);
      throw new Error("ECONNRESET");
    }
    await expect(withUploadedForm(requestOf(cut()), "order", collect)).rejects.toMatchObject({ code: "client_closed" });
    async function* cutEarly() {
      yield field("place", "x");
      throw new Error("ECONNRESET");
    }
    await expect(withUploadedForm(requestOf(cutEarly()), "order", collect)).rejects.toMatchObject({
      code: "client_closed",
    });
  });
});
