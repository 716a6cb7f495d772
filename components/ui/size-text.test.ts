import { describe, expect, test } from "vitest";
import { readSize, writeSize } from "./size-text";

describe("a size in a field", () => {
  test.each([
    ["500 kB", 500_000],
    ["1.5 GB", 1_500_000_000],
    ["1,5gb", 1_500_000_000],
    ["64000", 64_000],
    ["2 MB/s", 2_000_000],
    ["0", 0],
    [" ", null],
    ["lots", undefined],
    ["-1", undefined],
    ["1 mile", undefined],
  ])("%j is %j", (text, bytes) => expect(readSize(text)).toBe(bytes));

  test("what is written is read as the same number", () => {
    for (const bytes of [0, 1, 999, 1000, 1234, 1_500_000, 1_234_567, 2_000_000_000, 10 ** 15, null])
      expect(readSize(writeSize(bytes))).toBe(bytes);
    expect(writeSize(1_500_000)).toBe("1.5 MB");
  });
});
