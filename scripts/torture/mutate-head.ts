/** A request as lines of its head and bytes of its body. */
export type RawRequest = { line: string; fields: [name: string, value: string][]; body: Buffer };

type Random = () => number;

const pick = <T>(random: Random, from: readonly T[]): T | undefined => from[Math.floor(random() * from.length)];

/** What has broken parsers before: numbers at their limits, other alphabets, and what belongs elsewhere. */
const nastyValues = [
  "",
  " ",
  "0",
  "-1",
  "1",
  "00",
  "+5",
  "1e3",
  "0x10",
  "1.5",
  "NaN",
  "Infinity",
  "4294967296",
  "9007199254740993",
  "18446744073709551616",
  "9".repeat(400),
  "1, 2",
  "null",
  "undefined",
  "true",
  "__proto__",
  "constructor",
  "\u00ff\u00fe",
  "%00",
  "%ff%fe",
  "../../etc/passwd",
  "a".repeat(20_000),
  "sha1",
  "sha1 ",
  "sha256 AAAA",
  "md5 =====",
  "filename",
  "filename ,",
  "sha256 AA==,sha256 AA==",
  "partial",
  "final;/api/uploads/U-00000-00000",
  "bytes */*",
  "chunked, chunked",
  "gzip",
  "100-continue",
  "close",
  "Bearer",
  "Bearer  ",
  "Basic Og==",
  "?1",
  "?0",
  ":AAAA=:",
  "sha-256=:AAAA=:",
  "\u0001\u007f",
  "'; DROP TABLE upload; --",
];
const names = [
  "Upload-Offset",
  "Upload-Length",
  "Upload-Defer-Length",
  "Upload-Metadata",
  "Upload-Concat",
  "Upload-Checksum",
  "Upload-Complete",
  "Upload-Draft-Interop-Version",
  "Upload-Expires",
  "Tus-Resumable",
  "X-HTTP-Method-Override",
  "Content-Type",
  "Content-Digest",
  "Repr-Digest",
  "Trailer",
  "Expect",
  "Connection",
  "Upgrade",
  "Host",
  "Origin",
  "Forwarded",
  "X-Forwarded-For",
  "X-Forwarded-Host",
  "Cookie",
  "Range",
  "If-Match",
  "Accept-Encoding",
];
const methods = [
  "GET",
  "PUT",
  "POST",
  "PATCH",
  "HEAD",
  "DELETE",
  "OPTIONS",
  "TRACE",
  "CONNECT",
  "patch",
  "PRI",
  "SEARCH",
];
const paths = [
  "/",
  "/api/uploads",
  "/api/uploads/",
  "/api/uploads//",
  "/api/uploads/%",
  "/api/uploads/%00",
  "/api/uploads/%2e%2e/recordings",
  "/api/uploads/U-00000-00000",
  "/api/uploads/U-00000-00000/",
  "/api/uploads/u-00000-00000?x=y",
  "/api/uploads/__proto__",
  "/api/uploads/%F0%9F%8E%A5",
  "/api/recordings",
  "/api/recordings/R-00000-00000/content",
  "/api/recordings/R-00000-00000/receipt",
  "/api/recordings/R-00000-00000/chunks",
  "/api/releases/%00/content?recording=%00",
  "//evil.example/api/uploads",
  "http://evil.example/api/uploads",
  "*",
  "/api/uploads/../uploads",
  `/api/uploads/${"x".repeat(9_000)}`,
];

const valueMutations: ((value: string, random: Random) => string)[] = [
  (_value, random) => pick(random, nastyValues) ?? "",
  (value) => value + value,
  (value) => value.slice(1),
  (value) => value.slice(0, -1),
  (value) => value.toUpperCase(),
  (value) => ` \t${value}\t `,
  (value) => `${value},${value}`,
  (value) => `"${value}"`,
  (value, random) => String(Number(value) + Math.floor(random() * 5) - 2),
];

const requestMutations: ((request: RawRequest, random: Random) => RawRequest)[] = [
  // A field's value.
  ...Array.from({ length: 4 }, () => (request: RawRequest, random: Random) => {
    const at = Math.floor(random() * request.fields.length);
    const change = pick(random, valueMutations);
    return {
      ...request,
      fields: request.fields.map(([name, value], index): [string, string] =>
        index === at ? [name, change?.(value, random) ?? value] : [name, value],
      ),
    };
  }),
  // A field less, one twice, one more.
  (request, random) => {
    const at = Math.floor(random() * request.fields.length);
    return { ...request, fields: request.fields.filter((_field, index) => index !== at) };
  },
  (request, random) => {
    const twice = pick(random, request.fields);
    return twice === undefined ? request : { ...request, fields: [...request.fields, twice] };
  },
  ...Array.from({ length: 2 }, () => (request: RawRequest, random: Random) => {
    const more: [string, string] = [pick(random, names) ?? "X", pick(random, nastyValues) ?? ""];
    return { ...request, fields: [...request.fields, more] };
  }),
  // Method, path, version.
  (request, random) => ({ ...request, line: request.line.replace(/^\S+/, pick(random, methods) ?? "GET") }),
  (request, random) => ({ ...request, line: request.line.replace(/ \S+ /, ` ${pick(random, paths)} `) }),
  (request, random) => ({
    ...request,
    line: request.line.replace(/1\.1$/, pick(random, ["1.0", "0.9", "2.0", "1.2", "9.9", "11", ""]) ?? ""),
  }),
];

/** Bytes of the head flipped, lost, doubled, or replaced by those that end lines and strings. */
function mutateBytes(head: Buffer, random: Random): Buffer {
  const at = Math.floor(random() * head.length);
  const kind = Math.floor(random() * 4);
  if (kind === 0) return Buffer.concat([head.subarray(0, at), head.subarray(at + 1 + Math.floor(random() * 3))]);
  if (kind === 1) {
    const some = head.subarray(at, at + 1 + Math.floor(random() * 30));
    return Buffer.concat([head.subarray(0, at), some, some, head.subarray(at + some.length)]);
  }
  const result = Buffer.from(head);
  const hard = [0, 9, 10, 13, 32, 58, 127, 128, 255];
  result[at] =
    kind === 2 ? (hard[Math.floor(random() * hard.length)] ?? 0) : (result[at] ?? 0) ^ (1 << Math.floor(random() * 8));
  return result;
}

/**
 * One to three mutations of a request's head. Its body stays as it is: those bytes are the evidence, and what the
 * archive keeps of them must be them.
 */
export function mutateRequest(request: RawRequest, random: Random): Buffer {
  let mutated = request;
  let isByteMutation = false;
  for (let left = random() < 0.6 ? 1 : 2 + Math.floor(random() * 2); left > 0; left--) {
    if (random() < 0.15) isByteMutation = true;
    else mutated = pick(random, requestMutations)?.(mutated, random) ?? mutated;
  }
  const lines = [mutated.line, ...mutated.fields.map(([name, value]) => `${name}: ${value}`)];
  const head = Buffer.from(`${lines.join("\r\n")}\r\n\r\n`, "latin1");
  return Buffer.concat([isByteMutation ? mutateBytes(head, random) : head, mutated.body]);
}
