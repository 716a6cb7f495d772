import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { pdfProblem } from "./pdf-problem.ts";

const limit = 20 * 1_048_576;
const problem = (text: string, max = limit) => pdfProblem(new Blob([Buffer.from(text, "latin1")]), max);

test("takes a real PDF", async () => {
  expect(await pdfProblem(new Blob([readFileSync("samples/orders/order.pdf")]), limit)).toBeNull();
});

test("says what is wrong with anything else before it is sent", async () => {
  expect(await problem("")).toContain("empty");
  expect(await problem("%PDF-1.4\n%%EOF", 4)).toContain("larger");
  expect(await problem("<html>%PDF-1.4 %%EOF")).toContain("not a PDF");
  expect(await problem("%PDF-1.4\nhalf of it")).toContain("cut off");
});
