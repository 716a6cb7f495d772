import { mkdtemp, rm, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { mergeHints, noHints } from "./capture-hints.ts";
import { gpxProblem } from "./gpx.ts";
import { readMetadataSidecar } from "./metadata.ts";
import { checkSidecar } from "./sidecar-file.ts";

const gpx = (inside: string, attributes = 'version="1.1" creator="cam" xmlns="http://www.topografix.com/GPX/1/1"') =>
  `<?xml version="1.0" encoding="UTF-8"?>\n<!-- cam -->\n<gpx ${attributes}>${inside}</gpx>\n`;

describe("a JSON sidecar", () => {
  it("says what it knows, and may say more", () => {
    const said = {
      source: "rear",
      alias: "TCL204AR",
      place: "Quart",
      tags: ["depot"],
      event: true,
      capturedFrom: "2026-03-14T10:31:04+01:00",
      capturedUntil: "2026-03-14T10:32:04+01:00",
      clock: { source: "gnss", offsetMs: -3, more: 1 },
      gps: { latitude: 39.48, longitude: -0.44 },
      firmware: { build: 12 },
    };
    expect(readMetadataSidecar(JSON.stringify(said))).toEqual({
      isEvent: true,
      tags: ["depot"],
      source: "rear",
      alias: "TCL204AR",
      place: "Quart",
      capturedFrom: said.capturedFrom,
      capturedUntil: said.capturedUntil,
      clock: { source: "gnss", offsetMs: -3 },
      gps: said.gps,
      incomplete: null,
    });
    expect(readMetadataSidecar("{}")).toEqual(noHints);
  });

  it.each([
    ["", /no JSON/],
    ['{"source":', /no JSON/],
    ["[]", /must be an object/],
    ["7", /must be an object/],
    ['{"source":7}', /source must be text/],
    ['{"tags":"x"}', /tags must be a list/],
    ['{"tags":["a\\u202eb"]}', /tags\.0/],
    ['{"capturedFrom":"2026-03-14"}', /capturedFrom must be a time/],
    ['{"capturedUntil":"2026-03-14T10:31:04Z"}', /capturedFrom must be given/],
    ['{"capturedFrom":"2026-03-14T10:31:04Z","capturedUntil":"2026-03-14T10:31:03Z"}', /must not lie before/],
    ['{"gps":{"latitude":91,"longitude":0}}', /gps\.latitude/],
    [`{"a":${"[".repeat(5000)}${"]".repeat(5000)}}`, /nested/],
  ])("is refused: %s", (json, problem) => {
    expect(readMetadataSidecar(json)).toMatch(problem);
  });

  it("brackets in text are no nesting", () => {
    expect(readMetadataSidecar(JSON.stringify({ note: `${"[".repeat(100)}"{` }))).toEqual(noHints);
  });
});

describe("a GPX sidecar", () => {
  it.each([
    gpx(""),
    gpx("", "version='1.1' xmlns='http://www.topografix.com/GPX/1/1'"),
    gpx('<trk><name>a &amp; b</name><trkseg><trkpt lat="39.48" lon="-0.44"><ele>12</ele></trkpt></trkseg></trk>'),
    gpx('<metadata><desc><![CDATA[<x> &y;]]></desc></metadata><wpt lat="-90" lon="180"/>'),
    `<g:gpx version="1.1" xmlns:g="http://www.topografix.com/GPX/1/1"><g:wpt lat="1" lon="2"/></g:gpx>`,
  ])("is taken: %s", (text) => {
    expect(gpxProblem(text)).toBeNull();
  });

  it.each([
    ["", /no <gpx>/],
    ["<kml/>", /its root/],
    [gpx("", 'version="1.0" xmlns="http://www.topografix.com/GPX/1/1"'), /not GPX 1\.1/],
    [gpx("", 'version="1.1"'), /namespace/],
    [gpx("<trk>"), /closes nothing/],
    ['<gpx version="1.1" xmlns="http://www.topografix.com/GPX/1/1"><trk>', /ends within <trk>/],
    [gpx('<trk><trkseg><trkpt lat="91" lon="0"/></trkseg></trk>'), /no valid lat/],
    [gpx('<wpt lat="1"/>'), /no valid lat/],
    [`<!DOCTYPE gpx [<!ENTITY a "b">]>${gpx("")}`, /no well-formed/],
    [gpx("<name>&a;</name>"), /entity/],
    [gpx('<name a="1" a="2"/>'), /no well-formed/],
    [`${gpx("")}x`, /outside/],
    [gpx("<a>".repeat(40)), /nested/],
    [gpx("<a"), /no well-formed/],
  ])("is refused: %s", (text, problem) => {
    expect(gpxProblem(text)).toMatch(problem);
  });

  it("a large one is read in no time to speak of, also a hostile one", () => {
    const point = '<trkpt lat="39.481234" lon="-0.441234"><ele>12.5</ele><time>2026-03-14T10:31:04Z</time></trkpt>';
    expect(gpxProblem(gpx(`<trk><trkseg>${point.repeat(40_000)}</trkseg></trk>`))).toBeNull();
    expect(gpxProblem(gpx(`<a ${"b ".repeat(500_000)}`))).toMatch(/no well-formed/);
    expect(gpxProblem(`<!--${"-".repeat(2_000_000)}`)).toMatch(/no well-formed/);
  });
});

describe("checkSidecar", () => {
  let folder = "";
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "sidecars-"));
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));
  const check = async (name: string, content: string | Buffer) => {
    await writeFile(join(folder, name), content);
    return checkSidecar(join(folder, name));
  };

  it("knows WebVTT by its first line", async () => {
    for (const good of ["WEBVTT", "WEBVTT\n", "\ufeffWEBVTT - title\r\n"])
      expect(await check("a.vtt", good)).toMatchObject({ name: "a.vtt", sizeBytes: Buffer.byteLength(good) });
    for (const bad of ["", "WEBVTTX", "1\n00:00:00,000 --> 00:00:01,000"])
      expect(await check("a.vtt", bad)).toMatchObject({ problem: expect.stringContaining("WEBVTT") });
  });

  it("refuses what is too large, no UTF-8, or not there", async () => {
    expect(await check("b.json", Buffer.of(0xff))).toMatchObject({ problem: "it is not UTF-8" });
    await truncate(join(folder, "b.json"), 4 * 1024 * 1024 + 1);
    expect(await checkSidecar(join(folder, "b.json"))).toMatchObject({ problem: expect.stringContaining("4194304") });
    expect(await checkSidecar(join(folder, "none.json"))).toMatchObject({ problem: expect.stringContaining("exist") });
    expect(await check("line\nend.json", "{}")).toMatchObject({ problem: expect.stringContaining("its name") });
  });
});

it("of two hints the first counts, and a time span is never mixed", () => {
  const first = { ...noHints, source: "a", tags: ["x"], capturedFrom: "2026-01-01T00:00:00Z" };
  const second = { ...noHints, source: "b", tags: ["x", "y"], place: "p", capturedUntil: "2026-01-02T00:00:00Z" };
  expect(mergeHints(first, second)).toMatchObject({
    source: "a",
    tags: ["x", "y"],
    place: "p",
    capturedFrom: "2026-01-01T00:00:00Z",
    capturedUntil: null,
  });
});
