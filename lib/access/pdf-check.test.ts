import { readFileSync } from "node:fs";
import fc from "fast-check";
import { expect, test } from "vitest";
import { PdfCheck } from "./pdf-check.ts";

function check(bytes: Uint8Array, pieceBytes = bytes.length || 1): void {
  const pdf = new PdfCheck();
  for (let at = 0; at < bytes.length; at += pieceBytes) pdf.push(bytes.subarray(at, at + pieceBytes));
  pdf.end();
}

const text = (content: string) => Buffer.from(content, "latin1");

test("takes a real PDF, in pieces of any size", () => {
  const pdf = readFileSync("samples/orders/order.pdf");
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 5000 }), (pieceBytes) => check(pdf, pieceBytes)),
    { numRuns: 30 },
  );
  for (const ending of ["%%EOF", "%%EOF\n", "%%EOF\r\n", "%%EOF \0\0"]) check(text(`%PDF-2.0\n${ending}`));
});

test("refuses what is no PDF, whatever it pretends", () => {
  const hostile = [
    "",
    "%PDF",
    "<!doctype html><script>alert(1)</script>",
    "<!-- %PDF-1.4 --><script>alert(1)</script>\n%%EOF",
    "\n%PDF-1.4\n%%EOF",
    "\u00ef\u00bb\u00bf%PDF-1.4\n%%EOF",
    "%PDF-<script>\n%%EOF",
    "%PDF-9.9\n%%EOF",
    "MZ%PDF-1.4\n%%EOF",
    "PK\u0003\u0004 %PDF-1.4\n%%EOF",
    "<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>",
  ];
  for (const content of hostile) expect(() => check(text(content)), content).toThrow("must be a PDF");
});

test("refuses a PDF that is cut off, or carries something behind its end", () => {
  const pdf = readFileSync("samples/orders/order.pdf");
  expect(() => check(pdf.subarray(0, -8))).toThrow("cut off");
  expect(() => check(Buffer.concat([pdf, text("PK\u0003\u0004archive")]))).toThrow("something behind its end");
  expect(() => check(Buffer.concat([pdf, text("<script>1</script>")]))).toThrow("something behind its end");
  expect(() => check(Buffer.concat([pdf, Buffer.alloc(2000, "x")]))).toThrow("cut off");
});
