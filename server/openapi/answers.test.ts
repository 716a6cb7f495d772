import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { z } from "zod";
import { requestIdHeader } from "../../lib/protocol/index.ts";
import { provideServices } from "../../lib/services.ts";
import { useTestDatabase } from "../../lib/testing/index.ts";
import { type Asked, type Cast, type Drive, drives, makeCast, sendDrive } from "../testing/drives.ts";
import { startTestArchive, type TestArchive } from "../testing/test-archive.ts";
import { readWebRoutes, serveWebRoutes } from "../testing/web-routes.ts";
import { openApiDocument, operations, problemSchema } from "./index.ts";

type Json = { [member: string]: Json };

// Every operation is asked over HTTP, and what comes back is held against the document as it is served.
describe("answers are what the document says", () => {
  const world = useTestDatabase();
  const document = openApiDocument("http://localhost:3000") as Json;
  let archive: TestArchive;
  let cast: Cast;

  beforeAll(async () => {
    archive = await startTestArchive(world(), { next: serveWebRoutes(await readWebRoutes()) });
    provideServices(archive.services);
    cast = await makeCast(world(), archive);
  });

  afterAll(async () => {
    provideServices(undefined);
    await archive.stop(0);
  });

  const operationOf = (id: string) => {
    const found = operations.find((operation) => operation.id === id);
    if (found === undefined) throw new Error(`There is no operation ${id}.`);
    return found;
  };

  const send = (id: string, asked: Asked) => sendDrive(archive, id, asked);

  /** The document's answer for a status, with the shapes that it refers to. */
  function documented(id: string, status: number) {
    const { method, path } = operationOf(id);
    return document.paths?.[path]?.[method.toLowerCase()]?.responses?.[String(status)];
  }

  /** A schema of the document that stands alone. */
  function schemaOf(part: Json): z.ZodType {
    const named = document.components?.schemas ?? {};
    const text = JSON.stringify({ ...part, $defs: named }).replaceAll("#/components/schemas/", "#/$defs/");
    return z.fromJSONSchema(JSON.parse(text));
  }

  async function expectDocumented(id: string, response: Response): Promise<void> {
    const answer = documented(id, response.status);
    const text = await response.text();
    expect(answer, `${id} answers ${response.status}: ${text.slice(0, 300)}`).toBeDefined();
    const requestId = response.headers.get(requestIdHeader) ?? "";
    expect(requestId).toMatch(/^[0-9a-f]{16}$/);
    const ours = [...response.headers.keys()].filter((name) =>
      /^(upload|tus|strongroom|repr|location|etag)/.test(name),
    );
    const told = Object.keys(answer?.headers ?? {}).map((name) => name.toLowerCase());
    if (response.status < 400) expect(ours.filter((name) => !told.includes(name))).toEqual([]);
    const type = response.headers.get("content-type");
    const content = answer?.content ?? {};
    if (Object.keys(content).length === 0 || operationOf(id).method === "HEAD") return void expect(text).toBe("");
    if (content["*/*"] !== undefined) return;
    expect(Object.keys(content)).toContain(type);
    if (type === "application/problem+json") {
      const problem = problemSchema.parse(JSON.parse(text));
      expect(problem).toMatchObject({ status: response.status, instance: `urn:strongroom:request:${requestId}` });
    }
    const schema = content[type ?? ""]?.schema;
    if (schema === undefined) return;
    const read = schemaOf(schema).safeParse(JSON.parse(text));
    expect(read.error?.issues ?? [], `${id}: ${text.slice(0, 1000)}`).toEqual([]);
  }

  test.each(operations.map(({ id }) => [id]))("%s is asked for a success and for a problem", (id) => {
    const own = drives.filter((drive) => drive.id === id);
    expect(own.some(({ status }) => status < 400)).toBe(true);
    // What cannot be refused has no problem to show.
    if (operationOf(id).caller !== "anybody") expect(own.some(({ status }) => status >= 400)).toBe(true);
  });

  test.each(drives.map((drive) => [`${drive.id} answers ${drive.status}`, drive] as const))("%s", async (_, drive) => {
    const response = await send(drive.id, await drive.ask(cast));
    if (response.status !== drive.status) throw new Error(`${response.status}: ${await response.text()}`);
    await expectDocumented(drive.id, response);
  });

  const withJson = drives.filter(({ id, status }) => {
    const { body } = operationOf(id);
    return status < 400 && body?.type === "application/json";
  });

  test.each(withJson.map((drive) => [drive.id, drive] as const))(
    "%s reads each field that the document names, and misses those that it requires",
    async (id, drive: Drive) => {
      const { method, path } = operationOf(id);
      const part = document.paths?.[path]?.[method.toLowerCase()]?.requestBody?.content?.["application/json"]?.schema;
      const fields = Object.keys(part?.properties ?? {});
      expect(fields.length).toBeGreaterThan(0);
      const asked = await drive.ask(cast);
      const good = asked.json ?? {};
      expect(Object.keys(good).filter((name) => !fields.includes(name))).toEqual([]);
      for (const name of fields) {
        const required = Object.values(part?.required ?? {}).includes(name as never);
        const bad = required
          ? [
              { ...good, [name]: undefined },
              { ...good, [name]: { of: "another kind" } },
            ]
          : [{ ...good, [name]: { of: "another kind" } }];
        for (const json of bad) {
          const response = await send(id, { ...asked, json });
          expect(response.status, `${name} as ${JSON.stringify(json)}`).toBe(400);
          const { code, field } = (await response.json()) as { code: string; field?: string };
          // Of settings the very member is named.
          expect([code, field?.split(".")[0]]).toEqual(["invalid_input", name]);
        }
      }
    },
  );

  const withQuery = operations.flatMap(({ id, parameters = [] }) =>
    // Any number is a limit, and any disposition but one a download.
    parameters
      .filter((one) => one.in === "query" && !["limit", "disposition"].includes(one.name))
      .map(({ name }) => [id, name] as const),
  );

  test.each(withQuery)("%s reads %s from the query", async (id, name) => {
    const drive = drives.find((one) => one.id === id && one.status < 400);
    const asked = (await drive?.ask(cast)) ?? {};
    const response = await send(id, { ...asked, query: { ...asked.query, [name]: "\u0000".repeat(3000) } });
    expect(response.status).not.toBe(drive?.status);
    await expectDocumented(id, response);
  });
});
