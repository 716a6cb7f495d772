import { readdirSync } from "node:fs";
import { join, relative } from "node:path";
import { expect, request, test } from "@playwright/test";
import { askers, questions } from "./support/answers.ts";
import { readWorld, sessionOf } from "./support/world.ts";

const root = join(import.meta.dirname, "..");

for (const [column, asker] of askers.entries()) {
  test(`every page and every API answers ${asker} as the table says`, async () => {
    const { url, ids } = readWorld();
    const session = asker === "nobody" ? {} : { storageState: sessionOf(asker) };
    const api = await request.newContext({ baseURL: url, maxRedirects: 0, ...session });
    const wrong: string[] = [];
    for (const question of questions) {
      const path = question.path(ids);
      const options = question.json === undefined ? {} : { data: question.json };
      const response = await api.fetch(path, {
        method: question.method,
        headers: { Origin: url, ...question.headers },
        ...options,
      });
      const expected = Number(question.answers.split(" ")[column]);
      if (response.status() !== expected)
        wrong.push(`${question.method} ${path}: ${response.status()}, not ${expected}`);
    }
    await api.dispose();
    expect(wrong).toEqual([]);
  });
}

test("what a caller may not know of is a 404 that equals a real one", async () => {
  const { url, ids } = readWorld();
  const api = await request.newContext({ baseURL: url, storageState: sessionOf("insurer") });
  const pairs = [
    [`/api/recordings/${ids.releasedRecording}`, "/api/recordings/R-00000-00000"],
    [`/api/recordings/${ids.releasedRecording}/content`, "/api/recordings/R-00000-00000/content"],
    [`/api/requests/${ids.releasedRequest}`, "/api/requests/Q-00000-00000"],
    [`/api/releases/${ids.release}`, "/api/releases/L-00000-00000"],
  ] as const;
  for (const [hidden, missing] of pairs) {
    const [first, second] = [await api.get(hidden), await api.get(missing)];
    expect(first.status()).toBe(404);
    // Only the ids of the two requests differ.
    const text = async (answer: typeof first) => (await answer.text()).replace(/urn:strongroom:request:\w+/, "");
    expect(await text(first)).toBe(await text(second));
    const without = (fields: Record<string, string>) => ({ ...fields, date: "", "strongroom-request": "" });
    expect(without(first.headers())).toEqual(without(second.headers()));
  }
  await api.dispose();
});

test("the table knows every page and every route", () => {
  const entries = readdirSync(join(root, "app"), { recursive: true, withFileTypes: true });
  const files = entries
    .filter((entry) => entry.isFile() && /^(page|route)\.tsx?$/.test(entry.name))
    .map((entry) => relative(root, join(entry.parentPath, entry.name)));
  const known = new Set(questions.map((question) => question.by));
  expect(files.filter((file) => !known.has(file))).toEqual([]);
});
