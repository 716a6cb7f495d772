import { createHash } from "node:crypto";
import { encodeMetadataHeader } from "../../lib/protocol/index.ts";
import type { RawRequest } from "./mutate-head.ts";

/** What a good request is about: an upload with its offset, all of whose bytes are `byte`. */
type Subject = { location: string; byte: number; offset: number; token: string; manifest: string };

type Fields = RawRequest["fields"];

/** Length of the uploads that requests are about. */
export const targetBytes = 40_000;

const nothing = Buffer.alloc(0);
const metadata: [string, string] = [
  "Upload-Metadata",
  encodeMetadataHeader([
    ["filename", "señal.mp4"],
    ["captured_from", "2026-03-14T10:31:04+01:00"],
    ["metadata", '{"speed":[1,2,{"a":null}]}'],
  ]),
];

/** A good request, of one of the kinds that devices send to the routes of uploads. */
export function goodRequest(subject: Subject, random: () => number): RawRequest {
  const families = [tusPatches, tusPatches, tusOthers, drafts, announcements];
  const family = families[Math.floor(random() * families.length)] ?? tusPatches;
  const requests = family(subject, random);
  const request = requests[Math.floor(random() * requests.length)];
  if (request === undefined) throw new Error("every family has requests");
  return request;
}

function fieldsOf({ token }: Subject): Fields {
  return [
    ["Host", "archive.example"],
    ["Authorization", `Bearer ${token}`],
  ];
}

function someBody({ byte }: Subject, random: () => number): Buffer {
  return Buffer.alloc(1 + Math.floor(random() * 3_000), byte);
}

function tusPatches(subject: Subject, random: () => number): RawRequest[] {
  const body = someBody(subject, random);
  const digest = createHash("sha256").update(body).digest("base64");
  const line = `PATCH ${new URL(subject.location).pathname} HTTP/1.1`;
  const typed: Fields = [
    ...fieldsOf(subject),
    ["Tus-Resumable", "1.0.0"],
    ["Content-Type", "application/offset+octet-stream"],
    ["Upload-Offset", String(subject.offset)],
  ];
  const sized: Fields = [...typed, ["Content-Length", String(body.length)]];
  const chunked = Buffer.concat([Buffer.from(`${body.length.toString(16)}\r\n`), body, Buffer.from("\r\n0\r\n\r\n")]);
  return [
    { line, fields: sized, body },
    { line, fields: [...sized, ["Upload-Checksum", `sha256 ${digest}`]], body },
    { line, fields: [...typed, ["Transfer-Encoding", "chunked"]], body: chunked },
    { line, fields: [...sized, ["Upload-Length", String(targetBytes)]], body },
    { line: line.replace("PATCH", "POST"), fields: [...sized, ["X-HTTP-Method-Override", "PATCH"]], body },
  ];
}

function tusOthers(subject: Subject, random: () => number): RawRequest[] {
  const path = new URL(subject.location).pathname;
  const body = someBody(subject, random);
  const line = "POST /api/uploads HTTP/1.1";
  const common: Fields = [...fieldsOf(subject), ["Tus-Resumable", "1.0.0"]];
  const withBody: Fields = [
    ...common,
    ["Content-Type", "application/offset+octet-stream"],
    ["Content-Length", String(body.length)],
  ];
  return [
    { line, fields: [...common, ["Upload-Length", "20"], metadata], body: nothing },
    { line, fields: [...common, ["Upload-Defer-Length", "1"], metadata], body: nothing },
    { line, fields: [...withBody, ["Upload-Length", "4000"], metadata], body },
    { line, fields: [...common, ["Upload-Length", "20"], ["Upload-Concat", "partial"]], body: nothing },
    { line, fields: [...common, ["Upload-Concat", `final;${path} ${path}`], metadata], body: nothing },
    { line: `HEAD ${path} HTTP/1.1`, fields: common, body: nothing },
    { line: `DELETE ${path} HTTP/1.1`, fields: common, body: nothing },
    { line: "OPTIONS /api/uploads HTTP/1.1", fields: fieldsOf(subject), body: nothing },
  ];
}

/** Resumable Uploads for HTTP, the IETF's draft, at the same addresses. */
function drafts(subject: Subject, random: () => number): RawRequest[] {
  const path = new URL(subject.location).pathname;
  const body = someBody(subject, random);
  const common: Fields = [...fieldsOf(subject), ["Upload-Draft-Interop-Version", "8"]];
  const sized: Fields = [...common, ["Content-Length", String(body.length)]];
  const digest = `sha-256=:${createHash("sha256").update(body).digest("base64")}:`;
  const append: Fields = [
    ...sized,
    ["Content-Type", "application/partial-upload"],
    ["Upload-Offset", String(subject.offset)],
  ];
  const post = "POST /api/uploads HTTP/1.1";
  return [
    { line: `PATCH ${path} HTTP/1.1`, fields: [...append, ["Upload-Complete", "?0"]], body },
    {
      line: `PATCH ${path} HTTP/1.1`,
      fields: [...append, ["Upload-Complete", "?0"], ["Content-Digest", digest]],
      body,
    },
    { line: post, fields: [...sized, ["Upload-Complete", "?1"], ["Repr-Digest", digest]], body },
    { line: post, fields: [...sized, ["Upload-Complete", "?0"], ["Upload-Length", "50000"], metadata], body },
    { line: `HEAD ${path} HTTP/1.1`, fields: common, body: nothing },
    { line: "OPTIONS /api/uploads HTTP/1.1", fields: common, body: nothing },
  ];
}

/** A signed manifest; in every second one a character is another. */
function announcements(subject: Subject, random: () => number): RawRequest[] {
  const body = Buffer.from(subject.manifest);
  if (random() < 0.5) body[Math.floor(random() * body.length)] = Math.floor(random() * 256);
  const fields: Fields = [
    ...fieldsOf(subject),
    ["Content-Type", "application/jose"],
    ["Content-Length", String(body.length)],
  ];
  return [{ line: "POST /api/recordings HTTP/1.1", fields, body }];
}
