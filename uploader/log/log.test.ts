import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { UploaderEvent } from "../report/events.ts";
import { LogRing, readLog } from "./log-ring.ts";
import { loggedReport } from "./logged-report.ts";
import { redact } from "./redact.ts";

let folder = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "log-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const secrets = [
  "srd_Abcdefghijklmnopqrstuvwx",
  "sre_ABCDEFGHIJKLMNOPQRSTUV",
  "eyJhbGciOiJFZERTQSJ9.eyJub25jZSI6IjEifQ.c2lnbmF0dXJlLXNpZ25hdHVyZQ",
  "-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEINTuctv5E1hK1bbY8fdp\n-----END PRIVATE KEY-----",
  "nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A",
  "BCDF-GHJK",
  "hunter2",
];
const [token, code, jws, pem, privateJwk, typed, password] = secrets;

describe("redact", () => {
  it.each([
    ["a refused token", `The token ${token} is not valid.`],
    ["a link", `strongroom:enrol?server=https%3A%2F%2Fa.example&code=${code}&pin=abc`],
    ["a header", `Authorization: Bearer ${jws}`],
    ["a key file", `cannot read ${pem}`],
    ["a private JWK", `{"kty":"OKP","d":"${privateJwk}"}`],
    ["a private JWK within JSON", JSON.stringify({ message: `{"kty":"OKP","d":"${privateJwk}"}` })],
    ["a typed code", `The code ${typed} is used up.`],
    ["a camera", `rtsp://admin:${password}@10.0.0.9/stream`],
    ["a form", `grant_type=x&client_assertion=${jws}`],
  ])("takes the secret out of %s", (_name, text) => {
    const clean = redact(text);
    expect(clean).toContain("[secret]");
    for (const secret of secrets) expect(clean).not.toContain(secret);
  });

  it("leaves digests, ids and addresses alone", () => {
    const text = `rear.mp4: sealed as R-7K2M4-0418Q, SHA-256 ${"ab".repeat(32)}, https://archive.example/api/uploads/U-1`;
    expect(redact(text)).toBe(text);
  });
});

describe("LogRing", () => {
  it("never takes more than its limit, and keeps the newest lines in order", async () => {
    const ring = new LogRing(folder, 10_000);
    for (let number = 0; number < 1000; number++) ring.add(`{"number":${number}}`);
    ring.close();
    const sizes = readdirSync(join(folder, "log")).map((name) => statSync(join(folder, "log", name)).size);
    expect(sizes.reduce((sum, size) => sum + size, 0)).toBeLessThanOrEqual(10_000);
    const numbers = (await readLog(folder)).map((line) => JSON.parse(line).number);
    expect(numbers.at(-1)).toBe(999);
    expect(numbers.length).toBeGreaterThan(300);
    expect(numbers).toEqual([...numbers].sort((a, b) => a - b));
  });

  it("goes on in the file of the run before, and passes over a line that a power cut halved", async () => {
    const first = new LogRing(folder, 10_000);
    first.add('{"number":1}');
    first.close();
    const second = new LogRing(folder, 10_000);
    second.add('{"number":2}');
    second.close();
    const path = join(folder, "log", "uploader.jsonl");
    writeFileSync(path, `${readFileSync(path, "utf8")}{"numb`);
    expect(await readLog(folder)).toEqual(['{"number":1}', '{"number":2}']);
    const third = new LogRing(folder, 10_000);
    third.add('{"number":3}');
    third.close();
    expect(await readLog(folder)).toEqual(['{"number":1}', '{"number":2}', '{"number":3}']);
  });

  it("costs a line and not the work when the disk takes none", () => {
    writeFileSync(join(folder, "log"), "a file where the folder should be");
    expect(() => new LogRing(folder).add("{}")).not.toThrow();
  });
});

describe("loggedReport", () => {
  function make() {
    const shown: UploaderEvent[] = [];
    const clock = { ms: 0 };
    const ring = new LogRing(folder);
    const report = loggedReport((event) => shown.push(event), ring, {
      nowMs: () => clock.ms,
      date: () => new Date("1970-01-01T00:00:42Z"),
    });
    return { shown, clock, report };
  }

  it("writes events with both clocks, and neither shows nor keeps a secret", async () => {
    const { shown, clock, report } = make();
    clock.ms = 1234.5;
    for (const secret of secrets)
      report({ event: "retry", file: "/a.mp4", attempt: 1, inSeconds: 2, problem: `password=${secret} ${secret}` });
    const kept = readFileSync(join(folder, "log", "uploader.jsonl"), "utf8");
    // The bare private part of a JWK and a password cannot be told from words; they stand behind their names here.
    for (const secret of secrets.filter((text) => text !== privateJwk && text !== password)) {
      expect(kept).not.toContain(JSON.stringify(secret).slice(1, -1));
      expect(JSON.stringify(shown)).not.toContain(JSON.stringify(secret).slice(1, -1));
    }
    const [line] = await readLog(folder);
    expect(JSON.parse(line ?? "")).toMatchObject({
      at: "1970-01-01T00:00:42.000Z",
      monotonicMs: 1235,
      level: "warning",
      event: "retry",
      file: "/a.mp4",
    });
  });

  it("holds back what repeats, and says how often", async () => {
    const { shown, clock, report } = make();
    const say = (number: number) => report({ event: "notice", file: null, message: `offline, attempt ${number}` });
    for (let number = 0; number < 500; number++) say(number);
    expect(shown).toHaveLength(5);
    clock.ms = 60_000;
    say(500);
    report({ event: "notice", file: null, message: "something else" });
    const lines = (await readLog(folder)).map((line) => JSON.parse(line));
    expect(lines).toHaveLength(7);
    expect(lines[5]).toMatchObject({ message: "offline, attempt 500", heldBack: 495 });
    expect(lines[6]).not.toHaveProperty("heldBack");
  });

  it("shows progress and keeps none of it", async () => {
    const { shown, report } = make();
    report({ event: "hashing", file: "/a.mp4", readBytes: 1, sizeBytes: 2 });
    expect(shown).toHaveLength(1);
    expect(await readLog(folder)).toEqual([]);
  });
});
