import { Validator } from "@seriousme/openapi-schema-validator";
import { describe, expect, test } from "vitest";
import { servedRoutes } from "../routes.ts";
import { readWebRoutes } from "../testing/web-routes.ts";
import { openApiDocument, operations } from "./index.ts";

const named = (method: string, path: string) => `${method} ${path}`;
const documented = operations.map(({ method, path }) => named(method, path));

describe("the OpenAPI document", () => {
  test("is valid OpenAPI 3.1, which a broken one is not", async () => {
    const document = openApiDocument("https://archive.example.org");
    expect(await new Validator().validate(document)).toEqual({ valid: true });
    expect((await new Validator().validate({ ...document, paths: { "/": { get: {}, post: 1 } } })).valid).toBe(false);
  });

  test("names each operation once", () => {
    expect(new Set(documented).size).toBe(documented.length);
    expect(new Set(operations.map(({ id }) => id)).size).toBe(operations.length);
  });

  test("lists exactly the methods and addresses that are there", async () => {
    const web = await readWebRoutes();
    const isRest = ({ path }: { path: string }) => path.endsWith("…}");
    const there = [
      ...servedRoutes.flatMap(({ path, methods }) => methods.map((method) => named(method, path))),
      ...web.filter((route) => !isRest(route)).flatMap(({ path, methods }) => methods.map((m) => named(m, path))),
    ];
    // One file answers whatever lies below its address: the document says what that is.
    const belowRest = (one: string) =>
      web.some(({ path, methods }) => {
        const [begin = ""] = path.split("{");
        return path.endsWith("…}") && methods.some((method) => one.startsWith(named(method, begin)));
      });
    expect(documented.filter((one) => !belowRest(one)).toSorted()).toEqual(there.toSorted());
    for (const route of web.filter(isRest)) {
      const [begin = ""] = route.path.split("{");
      expect(
        documented.some((one) => one.includes(` ${begin}`)),
        route.file,
      ).toBe(true);
    }
  });
});
