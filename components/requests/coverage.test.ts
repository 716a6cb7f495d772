import { expect, test } from "vitest";
import { placeOnTrack, type Span, uncovered } from "./coverage.ts";

const at = (minute: number) => new Date(Date.UTC(2026, 2, 14, 10, 0) + minute * 60_000);
const span = (from: number, until: number): Span => ({ from: at(from), until: at(until) });
const minutes = (spans: Span[]) =>
  spans.map((one) => [one.from, one.until].map((t) => (t.getTime() - at(0).getTime()) / 60_000));

test("places a span on the track and cuts it off at the ends", () => {
  expect(placeOnTrack(span(15, 30), span(0, 60))).toEqual({ left: 0.25, width: 0.25 });
  expect(placeOnTrack(span(-10, 120), span(0, 60))).toEqual({ left: 0, width: 1 });
  expect(placeOnTrack(span(70, 80), span(0, 60))).toEqual({ left: 1, width: 0 });
});

test("finds what is not covered, also when spans overlap, touch or lie outside", () => {
  const track = span(0, 60);
  expect(minutes(uncovered(track, []))).toEqual([[0, 60]]);
  expect(minutes(uncovered(track, [span(20, 30), span(10, 25), span(30, 40)]))).toEqual([
    [0, 10],
    [40, 60],
  ]);
  expect(minutes(uncovered(track, [span(-5, 70)]))).toEqual([]);
  expect(minutes(uncovered(track, [span(70, 80)]))).toEqual([[0, 60]]);
});

test("says nothing of less than a second", () => {
  const almost = { from: at(0), until: new Date(at(60).getTime() - 999) };
  expect(uncovered(span(0, 60), [almost])).toEqual([]);
});
