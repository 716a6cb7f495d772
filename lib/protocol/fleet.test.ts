import { createHash, createPrivateKey } from "node:crypto";
import { describe, expect, test } from "vitest";
import {
  buildStatement,
  canonicalJson,
  decodeJws,
  defaultDeviceSettings,
  deviceConfigPath,
  deviceHeartbeatPath,
  deviceSettingsSchema,
  deviceStatementsPath,
  ed25519JwkOf,
  fileClasses,
  HeartbeatError,
  manifestType,
  maxHeartbeatBytes,
  maxSidecarBytes,
  maxStatementBytes,
  readDeviceSettings,
  readHeartbeat,
  readHeartbeatAnswer,
  readStatement,
  StatementError,
  settingsProblem,
  sidecarEndings,
  sidecarMediaType,
  sidecarPath,
  signStatement,
  statementMediaType,
  statementSha256,
  statementType,
  tombstoneReasons,
  verifyJws,
  waitReasons,
  wantedOutcomes,
} from "./index.ts";

// The private key of RFC 8037, appendix A.
const key = createPrivateKey({
  key: {
    kty: "OKP",
    crv: "Ed25519",
    d: "nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A",
    x: "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo",
  },
  format: "jwk",
});
const digest = "5891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03";

describe("device settings", () => {
  test("what is left out is built in", () => {
    expect(readDeviceSettings({})).toEqual(defaultDeviceSettings);
    expect(defaultDeviceSettings).toMatchObject({
      heartbeatSeconds: 45,
      transfer: { parallel: 1, budgets: { bulk: { dayBytes: null } } },
      deletion: { policy: "never", allowTombstones: false },
    });
    const night = { days: ["sat"] as const, from: "22:00", to: "06:00", rateBytesPerSecond: 0 };
    const read = readDeviceSettings({ transfer: { timetable: [night] }, order: "newest" });
    expect(read).toEqual({
      ...defaultDeviceSettings,
      order: "newest",
      transfer: { ...defaultDeviceSettings.transfer, timetable: [night] },
    });
  });

  test.each([
    [{ heartbeatSeconds: 9 }, "heartbeatSeconds must be a whole number from 10 to 3600."],
    [{ transfer: { parallel: 9 } }, "transfer.parallel must be a whole number from 1 to 8."],
    [{ transfer: { speed: 1 } }, "transfer.speed is not a setting that is known here."],
    [{ delete: true }, "delete is not a setting that is known here."],
    [{ deletion: { policy: "always" } }, "deletion.policy must be one of never, after_receipt."],
    [
      { transfer: { timetable: [{ days: ["mon"], from: "25:00", to: "26:00", rateBytesPerSecond: null }] } },
      "transfer.timetable.0.from must be a time of day, as in 07:30.",
    ],
    [
      { transfer: { timetable: [{ days: ["mon"], from: "08:00", to: "08:00", rateBytesPerSecond: null }] } },
      "transfer.timetable.0.from must be another time than its end, and before 24:00.",
    ],
    [[], "The settings must be an object."],
  ])("%j is refused", (value, message) => {
    expect(() => readDeviceSettings(value)).toThrow(message);
    const { error } = deviceSettingsSchema.safeParse(value);
    expect(error && settingsProblem(error).problem).toBeTruthy();
  });
});

describe("a heartbeat", () => {
  const small = {
    version: 1,
    instance: { bootId: "b", process: "p" },
    uploader: { version: "1.0.0", runtime: "node 22.23.3", platform: "linux-arm64" },
  } as const;

  test("may say next to nothing, and more than is known here", () => {
    expect(readHeartbeat(small)).toEqual(small);
    expect(readHeartbeat({ ...small, mood: "good" })).toEqual(small);
    expect(waitReasons).toContain("captive_portal");
    expect(fileClasses).toEqual(["wanted", "event", "bulk"]);
    expect(wantedOutcomes).toContain("not_found");
    expect(maxHeartbeatBytes).toBe(65_536);
  });

  test("of a sick device is heard: text is cleaned and cut", () => {
    const lastError = { code: "EIO", message: `read\n\u0000failed ${"🎥".repeat(1_000)}`, at: "1970-01-01T00:00:04Z" };
    const sending = [
      { fileName: "a/b\u202e.mp4", sizeBytes: 7.5, acknowledgedBytes: 0, bytesPerSecond: 0.5, class: "bulk" },
    ];
    const read = readHeartbeat({ ...small, lastError, sending });
    expect(read.lastError?.message).toMatch(/^read failed (🎥)+…$/u);
    expect(read.lastError?.message.length).toBeLessThanOrEqual(500);
    expect(read.sending?.[0]).toMatchObject({ fileName: "b_.mp4", sizeBytes: 7 });
  });

  test.each([
    [null, "must be an object"],
    [{ ...small, version: 2 }, "version must be 1"],
    [{ version: 1 }, "instance must be an object"],
    [{ ...small, queue: { files: -1, bytes: 0, events: 0, oldestAt: null, oldestAgeMs: null } }, "queue.files"],
    [{ ...small, sending: Array.from({ length: 9 }, () => ({})) }, "sending"],
    [{ ...small, sentAt: "yesterday" }, "sentAt must be a time"],
    [{ ...small, chain: { sequence: 0, sha256: digest } }, "chain.sequence"],
    [{ ...small, temperatureC: Number.NaN }, "temperatureC"],
    [{ ...small, uploader: { ...small.uploader, version: "x".repeat(20_000) } }, "uploader.version is too long"],
  ])("that is wrong is refused: %#", (value, message) => {
    expect(() => readHeartbeat(value)).toThrow(message);
    expect(() => readHeartbeat(value)).toThrow(HeartbeatError);
  });

  test("has an answer that a device can read, whatever else is in it", () => {
    const answer = {
      serverTime: "2026-11-20T12:00:00.000Z",
      nextInSeconds: 44.2,
      configVersion: 3,
      wanted: [{ id: "W-00000-00001", fileName: "x.mp4" }],
      rotateKey: false,
      chain: { sequence: 4, sha256: digest },
    };
    expect(readHeartbeatAnswer({ ...answer, more: 1 })).toEqual(answer);
    expect(() => readHeartbeatAnswer({ ...answer, nextInSeconds: 0 })).toThrow("nextInSeconds");
    expect(() => readHeartbeatAnswer("<html>")).toThrow("The answer to the heartbeat");
  });
});

describe("a statement", () => {
  const tombstone = {
    kind: "tombstone",
    device: "D-00000-00001",
    sequence: 8,
    previous: digest,
    at: "1970-01-01T00:00:10Z",
    of: { sequence: 7, manifestSha256: digest },
    reason: "evicted",
    sha256: digest,
    sizeBytes: 6,
    fileName: "hello.mp4",
  } as const;
  const gap = {
    kind: "gap",
    device: "D-00000-00001",
    sequence: 9,
    previous: digest,
    at: "2026-11-20T12:00:00Z",
    source: "cam-1",
    from: "2026-11-20T11:00:00Z",
    until: "2026-11-20T11:05:00Z",
    reason: "the camera did not answer",
  } as const;

  test("is signed and read back; its digest is that of its payload", () => {
    for (const facts of [tombstone, gap, { ...gap, clock: { source: "gnss", offsetMs: -3 } }]) {
      const statement = buildStatement(facts);
      const jws = signStatement(statement, key);
      const { header, payload } = verifyJws(jws, ed25519JwkOf(key), statementType);
      expect(header.kid).toBe("kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k"); // RFC 8037, A.3
      expect(payload.toString()).toBe(canonicalJson({ ...facts, version: 1 }));
      expect(readStatement(payload)).toEqual(statement);
      expect(statementSha256(payload)).toBe(createHash("sha256").update(payload).digest("hex"));
      expect(jws.length).toBeLessThan(maxStatementBytes);
    }
    expect(statementMediaType).toBe("application/jose");
    expect(decodeJws(signStatement(buildStatement(gap), key)).header.typ).not.toBe(manifestType);
  });

  test.each([
    [{ ...tombstone, kind: "rumour" }, "kind", "must be tombstone or gap"],
    [{ ...tombstone, reason: "bored" }, "reason", `must be one of ${tombstoneReasons.join(", ")}`],
    [{ ...tombstone, of: { sequence: 8, manifestSha256: digest } }, "of.sequence", "must be a number before"],
    [{ ...tombstone, fileName: "../x.mp4" }, "fileName", "must be a name without folders"],
    [{ ...gap, until: "2026-11-20T10:00:00Z" }, "until", "must not lie before from"],
    [{ ...gap, at: "2026-11-20 12:00" }, "at", "must be a time with a zone"],
    [{ ...gap, sequence: 1.5 }, "sequence", "must be a whole number"],
    [{ ...gap, note: "\u0000" }, null, "must not contain NUL"],
  ])("is refused: %#", (value, member, problem) => {
    const payload = Buffer.from(canonicalJson({ ...value, version: 1 }));
    const refusal = (() => {
      try {
        return readStatement(payload);
      } catch (error) {
        return error;
      }
    })();
    expect(refusal).toBeInstanceOf(StatementError);
    expect(refusal).toMatchObject({ member, message: expect.stringContaining(problem) });
  });

  test("is refused in any other form than the canonical one", () => {
    const payload = Buffer.from(`${canonicalJson({ ...gap, version: 1 })} `);
    expect(() => readStatement(payload)).toThrow("cannot be read");
    expect(() => readStatement(Buffer.of(0xff))).toThrow("not UTF-8");
  });
});

describe("a sidecar", () => {
  test("has a type that follows from its name, or none", () => {
    expect(sidecarEndings).toEqual(["json", "gpx", "vtt"]);
    expect(sidecarMediaType("a.mp4.JSON")).toBe("application/json");
    expect(sidecarMediaType("track.gpx")).toBe("application/gpx+xml");
    expect(sidecarMediaType("words.vtt")).toBe("text/vtt");
    for (const name of ["page.html", "json", ".json", "x.constructor", "x."]) expect(sidecarMediaType(name)).toBeNull();
    expect(maxSidecarBytes).toBe(4_194_304);
  });

  test("has its place below its recording", () => {
    expect(sidecarPath("R-1", "a b.gpx")).toBe("/api/recordings/R-1/sidecars/a%20b.gpx");
    for (const path of [deviceConfigPath, deviceHeartbeatPath, deviceStatementsPath])
      expect(path).toMatch(/^\/api\/devices\//);
  });
});
