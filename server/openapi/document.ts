import { z } from "zod";
import { type ErrorCode, errorStatus } from "../../lib/errors.ts";
import { areas } from "./areas/index.ts";
import { type Answer, type Body, type Caller, type Operation, problemCodes } from "./operation.ts";

/** A part of the document, as JSON. */
type Part = { [member: string]: unknown };
type ObjectSchema = Part & { properties?: Part; required?: string[] };

/** As in package.json, which an installation need not have beside it. */
export const archiveVersion = "0.1.0";

/** Every operation that the archive answers, in the order of the document. */
export const operations: readonly Operation[] = areas.flatMap((area) => area.operations);

/** JSON Schema of a schema; what has a name of its own is put beside the others and referred to. */
class Schemas {
  readonly named: Part = {};

  of(schema: z.ZodType, io: "input" | "output"): Part {
    const { $schema, $defs, ...own } = z.toJSONSchema(schema, {
      io,
      unrepresentable: "any",
      override: ({ zodSchema, jsonSchema }) => {
        // zod has no JSON type for a Date; on the wire it is RFC 3339.
        if (zodSchema._zod.def.type === "date") Object.assign(jsonSchema, { type: "string", format: "date-time" });
        // The format says it, in fewer than the 300 characters of zod's own pattern.
        if (jsonSchema.format === "date-time") delete jsonSchema.pattern;
      },
    }) as Part; // a JSON Schema is an object unless it is true or false, which zod never makes
    for (const [name, { id: _, ...definition }] of Object.entries(($defs ?? {}) as Record<string, Part>))
      this.named[name] = moveReferences(definition);
    return moveReferences(own) as Part; // what was an object stays one
  }
}

function moveReferences(part: unknown): unknown {
  if (Array.isArray(part)) return part.map(moveReferences);
  if (typeof part !== "object" || part === null) return part;
  return Object.fromEntries(
    Object.entries(part).map(([name, value]) => [
      name,
      name === "$ref" ? String(value).replace("#/$defs/", "#/components/schemas/") : moveReferences(value),
    ]),
  );
}

/** Who may ask, as alternatives of OpenAPI's security schemes. */
const security: Record<Caller, readonly Part[]> = {
  person: [{ session: [] }],
  device: [{ deviceToken: [] }],
  "person or device": [{ session: [] }, { deviceToken: [] }],
  monitor: [{ metricsToken: [] }],
  anybody: [],
};

const requestHeader: Part = {
  "Strongroom-Request": { $ref: "#/components/headers/Strongroom-Request" },
};

function headersOf(headers: Record<string, string> = {}): Part {
  const own = Object.entries(headers).map(([name, description]) => [name, { description, schema: { type: "string" } }]);
  return { ...requestHeader, ...Object.fromEntries(own) };
}

function answerPart({ description, type, schema, others = {}, headers }: Answer, schemas: Schemas): Part {
  const all = [...(type === null ? [] : [[type, schema] as const]), ...Object.entries(others)];
  const content = all.map(([name, one]) => [name, one === undefined ? {} : { schema: schemas.of(one, "output") }]);
  return { description, headers: headersOf(headers), ...(all.length > 0 && { content: Object.fromEntries(content) }) };
}

/** Problems by status; a client branches on `code`. */
function problemParts(operation: Operation): Record<string, Part> {
  const byStatus = new Map<number, ErrorCode[]>();
  for (const code of problemCodes(operation))
    byStatus.set(errorStatus[code], [...(byStatus.get(errorStatus[code]) ?? []), code]);
  return Object.fromEntries(
    [...byStatus].map(([status, codes]) => [
      String(status),
      {
        description: codes.join(", "),
        headers: headersOf(),
        ...(operation.method !== "HEAD" && {
          content: {
            "application/problem+json": {
              schema: {
                allOf: [{ $ref: "#/components/schemas/Problem" }],
                properties: { code: { enum: codes } },
              },
            },
          },
        }),
      },
    ]),
  );
}

function parametersOf({ path, parameters = [] }: Operation, schemas: Schemas): Part[] {
  const inPath = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => ({
    name,
    in: "path",
    required: true,
    schema: { type: "string" },
  }));
  const others = parameters.map(({ schema, ...rest }) => ({
    ...rest,
    required: rest.in === "header" && !schema.safeParse(undefined).success,
    schema: schemas.of(schema, "input"),
  }));
  return [...inPath, ...others];
}

function bodyPart({ schema, without = [] }: Body, schemas: Schemas): Part {
  if (schema === null) return {};
  const whole = schemas.of(schema, "input") as ObjectSchema;
  if (whole.properties === undefined) return { schema: whole };
  const { properties = {}, required = [], ...rest } = whole;
  const isSent = (name: string) => !without.includes(name);
  return {
    schema: {
      ...rest,
      properties: Object.fromEntries(Object.entries(properties).filter(([name]) => isSent(name))),
      required: required.filter(isSent),
    },
  };
}

function operationPart(tag: string, operation: Operation, schemas: Schemas): Part {
  const { id, summary, caller, body, answers } = operation;
  const parameters = parametersOf(operation, schemas);
  return {
    operationId: id,
    summary,
    tags: [tag],
    security: security[caller],
    ...(parameters.length > 0 && { parameters }),
    ...(body && {
      requestBody: {
        required: body.isOptional !== true,
        ...(body.description !== undefined && { description: body.description }),
        content: Object.fromEntries([body.type, ...(body.others ?? [])].map((type) => [type, bodyPart(body, schemas)])),
      },
    }),
    responses: {
      ...problemParts(operation),
      ...Object.fromEntries(Object.entries(answers).map(([status, one]) => [status, answerPart(one, schemas)])),
    },
  };
}

/** Members that the IETF draft, and RFC 9530's problem types, give their problems. */
const draftMembers = {
  "expected-offset": z.int().optional(),
  "provided-offset": z.int().optional(),
  "unsupported-algorithms": z.array(z.unknown()).optional(),
  "invalid-digests": z.array(z.unknown()).optional(),
  "mismatching-digests": z.array(z.unknown()).optional(),
};

/** RFC 9457 problem details, as every refusal has them. */
export const problemSchema = z
  .strictObject({
    type: z.string().describe("`urn:strongroom:error:…`, or the type that the IETF draft has for it."),
    title: z.string(),
    status: z.int(),
    code: z.enum(Object.keys(errorStatus) as [ErrorCode, ...ErrorCode[]]), // a table with many rows
    field: z.string().optional(),
    chunk: z.int().optional().describe("With chunk_mismatch: its number."),
    expectedSha256: z.string().optional().describe("With chunk_mismatch: what the manifest says."),
    nonce: z.string().optional().describe("With nonce_invalid: a fresh one, to sign once more."),
    instance: z.string().regex(/^urn:strongroom:request:[0-9a-f]{16}$/),
  })
  .extend(draftMembers)
  .meta({ id: "Problem", description: "RFC 9457 problem details. Programs branch on `code`." });

/** The OpenAPI 3.1 document of this archive, made from the schemas that it parses and answers with. */
export function openApiDocument(publicUrl: string): Part {
  const schemas = new Schemas();
  schemas.of(z.array(problemSchema), "output");
  const paths: Record<string, Part> = {};
  for (const { name, operations: own } of areas)
    for (const operation of own) {
      const path = paths[operation.path] ?? {};
      path[operation.method.toLowerCase()] = operationPart(name, operation, schemas);
      paths[operation.path] = path;
    }
  return {
    openapi: "3.1.0",
    info: {
      title: "Strongroom",
      version: archiveVersion,
      summary: "Archive for video evidence",
      description:
        "Every refusal is RFC 9457 problem details with a stable `code`. A `GET` of the web pages' routes also answers `HEAD`.",
      license: { name: "Apache-2.0", identifier: "Apache-2.0" },
    },
    servers: [{ url: publicUrl }],
    tags: areas.map(({ name, description }) => ({ name, description })),
    paths,
    components: {
      schemas: schemas.named,
      headers: {
        "Strongroom-Request": {
          description: "Id of this request, as in the log and in custody. Quote it when something went wrong.",
          schema: { type: "string", pattern: "^[0-9a-f]{16}$" },
        },
      },
      securitySchemes: {
        session: {
          type: "apiKey",
          in: "cookie",
          name: "strongroom.session",
          description: "Of a person, by signing in.",
        },
        deviceToken: { type: "http", scheme: "bearer", description: "Of a device: `srd_…`." },
        metricsToken: { type: "http", scheme: "bearer", description: "`METRICS_TOKEN`, for monitoring." },
      },
    },
  };
}
