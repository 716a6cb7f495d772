import { expect, test } from "vitest";
import { canonicalJson, parseCanonicalJson } from "./index.ts";

test("RFC 8785, 3.2.2 and 3.2.4: the example of the specification", () => {
  const input = String.raw`{
    "numbers": [333333333.33333329, 1E30, 4.50, 2e-3, 0.000000000000000000000000001],
    "string": "\u20ac$\u000F\u000aA'\u0042\u0022\u005c\\\"\/",
    "literals": [null, true, false]
  }`;
  const expected =
    "7b226c69746572616c73223a5b6e756c6c2c747275652c66616c73655d2c226e756d62657273223a5b3333333333333333332e33333333" +
    "3333332c31652b33302c342e352c302e3030322c31652d32375d2c22737472696e67223a22e282ac245c75303030665c6e412742" +
    "5c225c5c5c5c5c222f227d";
  expect(Buffer.from(canonicalJson(JSON.parse(input))).toString("hex")).toBe(expected);
});

test("RFC 8785, 3.2.3: names are sorted by UTF-16 code units", () => {
  const input = String.raw`{"\u20ac":"Euro Sign","\r":"Carriage Return","\ufb33":"Hebrew Letter Dalet With Dagesh",
    "1":"One","\ud83d\ude00":"Emoji: Grinning Face","\u0080":"Control","\u00f6":"Latin Small Letter O With Diaeresis"}`;
  expect(Object.values(JSON.parse(canonicalJson(JSON.parse(input)))).slice(1)).toEqual([
    "Carriage Return",
    "Control",
    "Latin Small Letter O With Diaeresis",
    "Euro Sign",
    "Emoji: Grinning Face",
    "Hebrew Letter Dalet With Dagesh",
  ]);
  // An object of JavaScript puts "1" first by itself, so the text is looked at as well.
  expect(canonicalJson(JSON.parse(input)).startsWith('{"\\r":"Carriage Return","1":"One","')).toBe(true);
});

test("nested and empty things (structures.json of the specification's author)", () => {
  const input = JSON.parse(
    '{"1": {"f": {"f": "hi","F": 5} ,"\\n": 56.0},"10": { },"": "empty","a": { },"111": [ {  } ],"A": { }}',
  );
  expect(canonicalJson(input)).toBe(
    '{"":"empty","1":{"\\n":56,"f":{"F":5,"f":"hi"}},"10":{},"111":[{}],"A":{},"a":{}}',
  );
});

test.each([
  ["0000000000000000", "0"],
  ["8000000000000000", "0"],
  ["0000000000000001", "5e-324"],
  ["8000000000000001", "-5e-324"],
  ["7fefffffffffffff", "1.7976931348623157e+308"],
  ["ffefffffffffffff", "-1.7976931348623157e+308"],
  ["4340000000000000", "9007199254740992"],
  ["c340000000000000", "-9007199254740992"],
  ["4430000000000000", "295147905179352830000"],
  ["44b52d02c7e14af5", "9.999999999999997e+22"],
  ["44b52d02c7e14af6", "1e+23"],
  ["44b52d02c7e14af7", "1.0000000000000001e+23"],
  ["444b1ae4d6e2ef4e", "999999999999999700000"],
  ["444b1ae4d6e2ef4f", "999999999999999900000"],
  ["444b1ae4d6e2ef50", "1e+21"],
  ["3eb0c6f7a0b5ed8c", "9.999999999999997e-7"],
  ["3eb0c6f7a0b5ed8d", "0.000001"],
  ["41b3de4355555553", "333333333.3333332"],
  ["41b3de4355555554", "333333333.33333325"],
  ["41b3de4355555555", "333333333.3333333"],
  ["41b3de4355555556", "333333333.3333334"],
  ["41b3de4355555557", "333333333.33333343"],
  ["becbf647612f3696", "-0.0000033333333333333333"],
  ["43143ff3c1cb0959", "1424953923781206.2"],
])("RFC 8785, appendix B: %s is %s", (bits, expected) => {
  expect(canonicalJson(Buffer.from(bits, "hex").readDoubleBE())).toBe(expected);
});

test.each([
  ["NaN (appendix B)", Buffer.from("7fffffffffffffff", "hex").readDoubleBE()],
  ["infinity (appendix B)", Number.POSITIVE_INFINITY],
  ["half a character", "\ud83d"],
  ["half a character in a name", { "\ude00": 1 }],
  ["undefined", undefined],
  ["a member that is undefined", { a: undefined }],
  ["a hole in an array", new Array(1)],
  ["a bigint", 1n],
  ["a date", new Date(0)],
  ["a map", new Map()],
  ["a function", { toJSON: () => 1 }],
  ["a symbol as name", { [Symbol("a")]: 1 }],
])("what is not JSON is refused: %s", (_, value) => {
  expect(() => canonicalJson([value])).toThrow(expect.objectContaining({ name: "ProtocolError" }));
});

test("a document that holds itself is refused, not followed for ever", () => {
  const loop: unknown[] = [];
  loop.push(loop);
  expect(() => canonicalJson(loop)).toThrow("nested too deeply");
});

test("reading takes the canonical form only", () => {
  expect(parseCanonicalJson('{"a":1,"b":[true,null]}')).toEqual({ a: 1, b: [true, null] });
  for (const text of ['{"b":1,"a":1}', '{"a":1,"a":1}', '{"a":1.0}', '{"a": 1}', '"\\u0041"', "{", ""]) {
    expect(() => parseCanonicalJson(text)).toThrow(expect.objectContaining({ name: "ProtocolError" }));
  }
});
