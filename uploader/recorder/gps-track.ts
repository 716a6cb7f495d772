import { createConnection } from "node:net";
import { sleep } from "../patience.ts";

/** A position, and when it came by this device's clock. */
type Point = { atMs: number; latitude: number; longitude: number; altitude: number | null; time: string | null };

const defaultPort = 2947;
const againMs = 5000;
/** gpsd tells a position a second, or says something; a connection that is silent for longer is dead. */
const silentMs = 30_000;
/** More than an hour of ten a second. */
const maxPoints = 40_000;
const maxLineLength = 20_000;

/**
 * Listens to gpsd (https://gpsd.io/gpsd_json.html) and keeps where the device was. Positions are chosen by when they
 * came, by the same clock as the recordings; the satellites' time is written beside them as it was told.
 */
export class GpsTrack {
  readonly #host: string;
  readonly #port: number;
  readonly #points: Point[] = [];

  /** @param url as in gpsd://localhost:2947 */
  constructor(url: string) {
    const { hostname, port } = new URL(url.replace(/^gpsd:/, "http:"));
    this.#host = hostname.replaceAll(/[[\]]/g, "");
    this.#port = port === "" ? defaultPort : Number(port);
  }

  /** Listens until the signal says so. */
  async listen(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await this.#listenOnce(signal);
      await sleep(againMs, signal).catch(() => undefined);
    }
  }

  /** The track between two moments of the wall clock as GPX 1.1; null: no position came in it. */
  gpxBetween(fromMs: number, untilMs: number): string | null {
    const points = this.#points.filter(({ atMs }) => atMs >= fromMs && atMs < untilMs);
    if (points.length === 0) return null;
    const lines = points.map(({ latitude, longitude, altitude, time }) => {
      const elevation = altitude === null ? "" : `<ele>${altitude}</ele>`;
      return `<trkpt lat="${latitude}" lon="${longitude}">${elevation}${time === null ? "" : `<time>${time}</time>`}</trkpt>`;
    });
    const head = '<gpx version="1.1" creator="strongroom-uploader" xmlns="http://www.topografix.com/GPX/1/1">';
    return `<?xml version="1.0" encoding="UTF-8"?>\n${head}<trk><trkseg>\n${lines.join("\n")}\n</trkseg></trk></gpx>\n`;
  }

  #listenOnce(signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const socket = createConnection({ host: this.#host, port: this.#port, signal });
      let rest = "";
      socket.setEncoding("utf8").setTimeout(silentMs, () => socket.destroy());
      socket.once("connect", () => socket.write('?WATCH={"enable":true,"json":true};\n'));
      socket.on("data", (text: string) => {
        const lines = (rest + text).split("\n");
        rest = (lines.pop() ?? "").slice(-maxLineLength);
        for (const line of lines) this.#note(line);
      });
      socket.on("error", () => socket.destroy());
      socket.once("close", () => resolve());
    });
  }

  #note(line: string): void {
    const point = pointIn(line);
    if (point === null) return;
    this.#points.push(point);
    if (this.#points.length > maxPoints) this.#points.splice(0, maxPoints / 10);
  }
}

/** A report of a position with at least two dimensions; null for everything else. */
function pointIn(line: string): Point | null {
  try {
    const { class: kind, mode, lat, lon, altMSL, alt, time } = JSON.parse(line);
    if (kind !== "TPV" || !(mode >= 2) || !isWithin(lat, 90) || !isWithin(lon, 180)) return null;
    const altitude = [altMSL, alt].find((value) => isWithin(value, 100_000)) ?? null;
    const isTime = typeof time === "string" && /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?Z$/.test(time);
    return { atMs: Date.now(), latitude: lat, longitude: lon, altitude, time: isTime ? time : null };
  } catch {
    return null;
  }
}

function isWithin(value: unknown, limit: number): value is number {
  return typeof value === "number" && Math.abs(value) <= limit;
}
