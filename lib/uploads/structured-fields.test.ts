import { describe, expect, test } from "vitest";
import { parseBoolean, parseByteDictionary, parseWholeNumber } from "./structured-fields.ts";

// RFC 9651: what does not parse is as good as not there.
describe("structured fields", () => {
  test.each([
    ["0", 0],
    [" 42 ", 42],
    ["-0", 0],
    ["999999999999999", 999_999_999_999_999],
    ["7;a=b; c", 7],
    ["-1", null],
    ["1.0", null],
    ["1e3", null],
    ["0x1", null],
    ["1000000000000000", null],
    ["1, 2", null],
    ["ten", null],
    ["", null],
    [undefined, null],
  ])("the Integer %s", (text, value) => {
    expect(parseWholeNumber(text)).toBe(value);
  });

  test.each([
    ["?1", true],
    ["?0", false],
    ["?1;q=1", true],
    ["?2", null],
    ["1", null],
    ["true", null],
    ["?1, ?0", null],
    ["?1 ;q=1", null],
    [`?1${";q= ".repeat(200)},`, null], // not to be tried in 2^200 ways
    [undefined, null],
  ])("the Boolean %s", (text, value) => {
    expect(parseBoolean(text)).toBe(value);
  });

  test("a Dictionary of Byte Sequences, of which the last with a key counts", () => {
    const members = parseByteDictionary("sha-256=:YWJj:, sha-512=:ZGVm:;x=1 ,sha-256=:eHl6:");
    expect(Array.from(members ?? [], ([key, { bytes, serialized }]) => [key, `${bytes}`, serialized])).toEqual([
      ["sha-256", "xyz", ":eHl6:"],
      ["sha-512", "def", ":ZGVm:"],
    ]);
  });

  test.each([
    "",
    "sha-256",
    "sha-256=YWJj",
    "sha-256=:YWJj",
    'sha-256="YWJj"',
    "SHA-256=:YWJj:",
    "a=:YWJj:,",
    "a=:Y_-j:",
  ])("%s is no Dictionary of Byte Sequences", (text) => {
    expect(parseByteDictionary(text)).toBeNull();
  });
});
