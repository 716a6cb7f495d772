import { expect, test } from "vitest";
import { returnPath } from "./return-path";

test.each([
  ["/recordings?state=sealed", "/recordings?state=sealed"],
  ["/custody?_rsc=abc&group=people", "/custody?group=people"],
  ["/", "/"],
])("goes back to %s", (given, expected) => {
  expect(returnPath(given)).toBe(expected);
});

test.each([
  null,
  undefined,
  "",
  "recordings",
  "https://evil.example/",
  "//evil.example",
  "/\\evil.example",
  "/\t/evil.example",
  "/\n//evil.example",
  "javascript:alert(1)",
  "\\\\evil.example",
  "/.//evil.example",
])("never goes to another place: %j", (given) => {
  const path = returnPath(given);
  expect(new URL(path, "https://archive.example").host).toBe("archive.example");
  expect(path).toMatch(/^\/(?![/\\])/);
});
