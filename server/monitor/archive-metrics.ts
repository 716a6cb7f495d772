import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from "prom-client";
import type { Counted, Going, Metrics, Timed } from "../../lib/metrics.ts";

const prefix = "strongroom_";
/** From what memory answers at once to what a slow link takes. */
const requestSeconds = [0.005, 0.02, 0.1, 0.5, 2, 10, 60, 600];
/** From a fast disk to one that is in trouble. */
const mediumSeconds = [0.0005, 0.001, 0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1, 5];
const sealSeconds = [0.05, 0.25, 1, 5, 30, 120, 600, 3600];

const counted: Record<Counted, [name: string, help: string]> = {
  receivedBytes: ["received_bytes_total", "Bytes of recordings that were written."],
  leaseTakeOvers: ["upload_lease_take_overs_total", "Uploads that a newer request took over from a live writer."],
  leasesLeftBehind: ["upload_leases_left_behind_total", "Uploads whose last writer vanished with its process."],
  sealedRecordings: ["recordings_sealed_total", "Recordings that were read back and sealed."],
  sealedBytes: ["recordings_sealed_bytes_total", "Bytes of recordings that were sealed."],
  quarantinedRecordings: ["recordings_quarantined_total", "Recordings that were quarantined."],
  expiredUploads: ["uploads_expired_total", "Uploads that ended because nobody went on with them."],
};

const timed: Record<Timed, [name: string, help: string, buckets: number[]]> = {
  sync: ["storage_sync_duration_seconds", "Time of each fdatasync of a recording.", mediumSeconds],
  commit: ["upload_commit_duration_seconds", "Time of each commit of offsets and chunks.", mediumSeconds],
  leaseWait: ["upload_lease_wait_seconds", "Time that a request waited for another writer.", requestSeconds],
  seal: ["seal_duration_seconds", "Time of reading a recording back and sealing it.", sealSeconds],
};

const going: Record<Going, [name: string, help: string]> = {
  patches: ["upload_patches_active", "Bodies that are being received now."],
};

/** One answered request. `route` is one of few: what stands in braces in the OpenAPI document stays there. */
export type AnsweredRequest = {
  route: string;
  method: string;
  status: number;
  code: string | null;
  ms: number;
};

/** The metrics of one process, in the format of Prometheus. Labels hold words from closed lists only, and never ids. */
export class ArchiveMetrics implements Metrics {
  readonly registry = new Registry();
  readonly #counters: Record<Counted, Counter>;
  readonly #histograms: Record<Timed, Histogram>;
  readonly #gauges: Record<Going, Gauge>;
  readonly #requests: Counter<"route" | "method" | "status">;
  readonly #durations: Histogram<"route" | "method">;
  readonly #patches: Histogram;
  readonly #problems: Counter<"code">;

  /** @param ofProcess also memory, processor, event loop and garbage collection; once a process */
  constructor(ofProcess: boolean, version: string) {
    const registers = [this.registry];
    const made = <K extends string, T>(names: Record<K, unknown>, make: (name: K) => T) =>
      Object.fromEntries(Object.keys(names).map((name) => [name, make(name as K)])) as Record<K, T>; // the same keys
    this.#counters = made(counted, (name) => {
      const [suffix, help] = counted[name];
      return new Counter({ name: prefix + suffix, help, registers });
    });
    this.#histograms = made(timed, (name) => {
      const [suffix, help, buckets] = timed[name];
      return new Histogram({ name: prefix + suffix, help, buckets, registers });
    });
    this.#gauges = made(going, (name) => new Gauge({ name: prefix + going[name][0], help: going[name][1], registers }));
    this.#requests = new Counter({
      name: `${prefix}http_requests_total`,
      help: "Answered requests. status is the class, as in 2xx.",
      labelNames: ["route", "method", "status"],
      registers,
    });
    this.#durations = new Histogram({
      name: `${prefix}http_request_duration_seconds`,
      help: "Time from a request's head to the end of its answer.",
      labelNames: ["route", "method"],
      buckets: requestSeconds,
      registers,
    });
    this.#patches = new Histogram({
      name: `${prefix}upload_patch_duration_seconds`,
      help: "Time of each PATCH of an upload, whatever its end.",
      buckets: requestSeconds,
      registers,
    });
    this.#problems = new Counter({
      name: `${prefix}http_problems_total`,
      help: "Refused and failed requests by their stable code.",
      labelNames: ["code"],
      registers,
    });
    const build = new Gauge({
      name: `${prefix}build_info`,
      help: "Always 1.",
      labelNames: ["version", "node"],
      registers,
    });
    build.set({ version, node: process.versions.node }, 1);
    if (ofProcess) collectDefaultMetrics({ register: this.registry });
  }

  add(what: Counted, count = 1): void {
    this.#counters[what].inc(count);
  }

  took(what: Timed, ms: number): void {
    this.#histograms[what].observe(ms / 1000);
  }

  going(what: Going, step: 1 | -1): void {
    this.#gauges[what].inc(step);
  }

  /** Counts an answered request. */
  answered({ route, method, status, code, ms }: AnsweredRequest): void {
    this.#requests.inc({ route, method, status: `${Math.floor(status / 100)}xx` });
    this.#durations.observe({ route, method }, ms / 1000);
    if (method === "PATCH" && route === "/api/uploads/{id}") this.#patches.observe(ms / 1000);
    if (code !== null) this.#problems.inc({ code });
  }
}
