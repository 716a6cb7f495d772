import type { Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, describe, expect, it } from "vitest";
import { emptySnapshot } from "../daemon-snapshot.ts";
import type { FleetRecord } from "../fleet/fleet-record.ts";
import { parseMetricsAddress, serveMetrics } from "./metrics-server.ts";
import { metricsText } from "./metrics-text.ts";

const fleet: FleetRecord = {
  uploaderVersion: "1.2.3",
  process: "p",
  startedAt: "2026-11-20T10:00:00.000Z",
  lastContactAt: "2026-11-20T12:00:00.000Z",
  failures: 2,
  problem: null,
  clock: { source: "chrony", offsetMs: -1500, uncertaintyMs: 20 },
  configVersion: 7,
  configProblem: "version 8: no",
  isConfigOnTrial: false,
};

describe("parseMetricsAddress", () => {
  it.each([
    ["127.0.0.1:9464", "127.0.0.1"],
    ["127.5.0.1:9464", "127.5.0.1"],
    ["[::1]:9464", "::1"],
    ["localhost:9464", "localhost"],
    ["9464", "127.0.0.1"],
  ])("takes %s", (text, host) => {
    expect(parseMetricsAddress(text, false)).toEqual({ host, port: 9464 });
  });

  it.each(["0.0.0.0:9464", "10.0.0.7:9464", "[::]:9464", "[fe80::1]:9464"])(
    "refuses %s unless told otherwise",
    (text) => {
      expect(() => parseMetricsAddress(text, false)).toThrow(/would tell others than this machine/);
      expect(parseMetricsAddress(text, true).port).toBe(9464);
    },
  );

  it.each(["", "host", "example.org:9464", "127.0.0.1", "127.0.0.1:99999", "1:2:3"])("refuses %j", (text) => {
    expect(() => parseMetricsAddress(text, true)).toThrow(/must be an address and port/);
  });
});

describe("metricsText", () => {
  it("is text that Prometheus reads: each name once, with help and type before its samples", () => {
    const snapshot = emptySnapshot("https://a.example", ["/w"]);
    snapshot.counters.retries = { '50"3\\\n': 3 };
    snapshot.queue.event.sending = { files: 2, bytes: 4_000 };
    const lines = metricsText(snapshot, fleet, "1.2.3").trimEnd().split("\n");
    const seen: string[] = [];
    for (const line of lines) {
      expect(line).toMatch(
        /^(# (HELP|TYPE) strongroom_uploader_\w+ .+|strongroom_uploader_\w+(\{(\w+="([^"\\\n]|\\["\\n])*",?)+\})? -?[\d.e+]+)$/,
      );
      if (line.startsWith("# TYPE")) seen.push(line.split(" ")[2] ?? "");
      if (!line.startsWith("#")) expect(line.split(/[ {]/)[0]).toBe(seen.at(-1));
    }
    expect(new Set(seen).size).toBe(seen.length);
    expect(lines).toEqual(
      expect.arrayContaining([
        'strongroom_uploader_queue_files{class="event",phase="sending"} 2',
        'strongroom_uploader_retries_total{cause="50\\"3\\\\\\n"} 3',
        "strongroom_uploader_clock_offset_seconds -1.5",
        "strongroom_uploader_config_version 7",
        "strongroom_uploader_config_problem 1",
        "strongroom_uploader_last_contact_seconds 1795176000",
      ]),
    );
  });

  it("leaves out what is not known", () => {
    const text = metricsText(emptySnapshot("https://a.example", []), null, "1.2.3");
    for (const name of ["clock_offset", "disk_free", "oldest_age", "retries_total", "waiting"])
      expect(text).not.toContain(name);
  });
});

describe("serveMetrics", () => {
  let server: Server | null = null;
  afterEach(() => server?.close());

  it("answers /metrics and nothing else, and says when the port is taken", async () => {
    server = await serveMetrics({ host: "127.0.0.1", port: 0 }, () => "up 1\n");
    const { port } = server.address() as AddressInfo;
    const answer = await fetch(`http://127.0.0.1:${port}/metrics`);
    expect([answer.status, await answer.text()]).toEqual([200, "up 1\n"]);
    expect((await fetch(`http://127.0.0.1:${port}/`)).status).toBe(404);
    expect((await fetch(`http://127.0.0.1:${port}/metrics`, { method: "POST" })).status).toBe(404);
    await expect(serveMetrics({ host: "127.0.0.1", port }, () => "")).rejects.toThrow(
      /cannot be served at 127\.0\.0\.1/,
    );
  });
});
