import type { z } from "zod";
import type { ErrorCode } from "../../lib/errors.ts";

/** Who may ask: a person by their session cookie, a device by its token, or anybody. */
export type Caller = "person" | "device" | "person or device" | "monitor" | "anybody";

/** One kind of answer that is no problem: its body (none: null), and the fields that a client needs. */
export type Answer = {
  description: string;
  /** Null: no body. Without a schema the body is bytes or text of that type. */
  type: string | null;
  schema?: z.ZodType;
  /** Other types that can be asked for with `Accept`. */
  others?: Record<string, z.ZodType>;
  headers?: Record<string, string>;
};

/** A value in the query or in a request field. Those in the path are read from the path itself. */
export type Parameter = { name: string; in: "query" | "header"; description: string; schema: z.ZodType };

/** What a request carries. */
export type Body = {
  type: string;
  /** Other types that it may have. */
  others?: readonly string[];
  schema: z.ZodType | null;
  description?: string;
  isOptional?: true;
  /** Members of the schema that come from elsewhere: the path, or the name of the file. */
  without?: readonly string[];
};

/** One method of one address: everything that a client can send and be answered. */
export type Operation = {
  method: "GET" | "HEAD" | "POST" | "PUT" | "PATCH" | "DELETE" | "OPTIONS";
  /** As in OpenAPI: what stands in braces is one segment. */
  path: string;
  /** Stable name, for generated clients. */
  id: string;
  summary: string;
  caller: Caller;
  parameters?: readonly Parameter[];
  body?: Body;
  /** By status. */
  answers: Record<number, Answer>;
  /** Codes of the problems that it can answer, beside those that its caller and its body bring with them. */
  refuses: readonly ErrorCode[];
};

/** Operations that belong together. */
export type Area = { name: string; description: string; operations: readonly Operation[] };

const ofCaller: Record<Caller, readonly ErrorCode[]> = {
  person: ["unauthenticated", "token_invalid", "too_many_requests", "forbidden"],
  device: ["unauthenticated", "token_invalid", "too_many_requests"],
  "person or device": ["unauthenticated", "token_invalid", "too_many_requests", "forbidden"],
  monitor: ["unauthenticated", "not_found"],
  anybody: [],
};

/** What any request can meet: an address that is none, a server that stops, a fault of ours. */
const ofAll: readonly ErrorCode[] = ["invalid_input", "unavailable", "internal"];

/** All codes of an operation's problems. */
export function problemCodes({ caller, body, refuses }: Operation): ErrorCode[] {
  const ofBody: readonly ErrorCode[] = body?.type === "application/json" ? ["too_large"] : [];
  return [...new Set([...ofAll, ...ofCaller[caller], ...ofBody, ...refuses])];
}

/** A JSON answer. */
export function json(description: string, schema: z.ZodType, headers?: Record<string, string>): Answer {
  return { description, type: "application/json", schema, ...(headers === undefined ? {} : { headers }) };
}

/** An answer without a body. */
export function empty(description: string, headers?: Record<string, string>): Answer {
  return { description, type: null, ...(headers === undefined ? {} : { headers }) };
}

/** A JSON body, by the schema that the verb itself parses with; `without` what the path says already. */
export function jsonBody(schema: z.ZodType, ...without: string[]): Body {
  return { type: "application/json", schema, without };
}
