import type { DaemonSnapshot } from "../daemon-snapshot.ts";
import type { FleetRecord } from "../fleet/fleet-record.ts";

type Labels = Readonly<Record<string, string>>;
type Sample = readonly [labels: Labels, value: number];
type Metric = { name: string; type: "counter" | "gauge"; help: string; samples: readonly Sample[] };

const plain = (value: number): Sample[] => [[{}, value]];
const unlessNull = (value: number | null | undefined): Sample[] =>
  value === null || value === undefined ? [] : plain(value);

/** Everything that is measured, in the Prometheus text format (version 0.0.4). */
export function metricsText(snapshot: DaemonSnapshot, fleet: FleetRecord | null, uploaderVersion: string): string {
  return metricsOf(snapshot, fleet, uploaderVersion)
    .filter(({ samples }) => samples.length > 0)
    .flatMap(({ name, type, help, samples }) => [
      `# HELP strongroom_uploader_${name} ${help}`,
      `# TYPE strongroom_uploader_${name} ${type}`,
      ...samples.map(([labels, value]) => `strongroom_uploader_${name}${labelsText(labels)} ${value}`),
    ])
    .map((line) => `${line}\n`)
    .join("");
}

function metricsOf(snapshot: DaemonSnapshot, fleet: FleetRecord | null, version: string): Metric[] {
  const { queue, ended, counters, disk, oldest, waiting, sending } = snapshot;
  const tallies = Object.entries(queue).flatMap(([cls, phases]) =>
    Object.entries(phases).map(([phase, tally]) => ({ labels: { class: cls, phase }, tally })),
  );
  const lastContactMs = fleet?.lastContactAt == null ? null : Date.parse(fleet.lastContactAt);
  const rate = sending.reduce((sum, { bytesPerSecond }) => sum + bytesPerSecond, 0);
  const gauge = (name: string, help: string, samples: readonly Sample[]): Metric => ({
    name,
    type: "gauge",
    help,
    samples,
  });
  const counter = (name: string, help: string, samples: readonly Sample[]): Metric => ({
    name,
    type: "counter",
    help,
    samples,
  });
  const perRecorder = (count: "recordings" | "bytes" | "incomplete" | "gaps" | "restarts"): Sample[] =>
    snapshot.recorders.map((recorder) => [{ recorder: recorder.name }, recorder[count]]);
  return [
    gauge("info", "Always 1; the version is a label.", [[{ version }, 1]]),
    gauge("up_seconds", "Since the daemon started, by the monotonic clock.", plain(snapshot.upForMs / 1000)),
    gauge(
      "queue_files",
      "Recordings without a receipt.",
      tallies.map(({ labels, tally }) => [labels, tally.files]),
    ),
    gauge(
      "queue_bytes",
      "Their bytes.",
      tallies.map(({ labels, tally }) => [labels, tally.bytes]),
    ),
    gauge(
      "oldest_age_seconds",
      "Since the oldest recording without a receipt was found.",
      oldest?.ageMs == null ? [] : plain(oldest.ageMs / 1000),
    ),
    gauge(
      "ended_files",
      "Recordings that are remembered and done with.",
      Object.entries(ended).map(([state, tally]) => [{ state }, tally.files]),
    ),
    counter("sent_bytes_total", "Bytes of recordings that went out.", plain(counters.sentBytes)),
    counter("resent_bytes_total", "Bytes of recordings that went out again.", plain(counters.resentBytes)),
    counter(
      "retries_total",
      "Attempts that failed, by cause.",
      Object.entries(counters.retries).map(([cause, count]) => [{ cause }, count]),
    ),
    counter("stalls_total", "Requests that were broken off because nothing moved.", plain(counters.stalls)),
    counter("resumes_total", "Uploads that went on where they had stopped.", plain(counters.resumes)),
    counter("tombstones_total", "Recordings given up with a signed statement.", plain(counters.tombstones)),
    counter("deleted_files_total", "Local files deleted after their receipt.", plain(counters.deleted)),
    gauge("sending_files", "Recordings that are being sent.", plain(sending.length)),
    gauge("sending_bytes_per_second", "Their rate together.", plain(rate)),
    gauge(
      "waiting",
      "1 for the reason why nothing is sent.",
      waiting === null ? [] : [[{ reason: waiting.reason }, 1]],
    ),
    gauge(
      "unreceipted_bytes",
      "Bytes on this disk that the archive has given no receipt for.",
      unlessNull(disk?.unreceiptedBytes),
    ),
    gauge("disk_free_bytes", "Free where the recordings are.", unlessNull(disk?.freeBytes)),
    gauge("disk_total_bytes", "Size of that disk.", unlessNull(disk?.totalBytes)),
    counter("recorded_files_total", "Recordings that were made here.", perRecorder("recordings")),
    counter("recorded_bytes_total", "Their bytes.", perRecorder("bytes")),
    counter("recorded_incomplete_total", "Those of them that may lack their end.", perRecorder("incomplete")),
    counter("recorder_gaps_total", "Times in which a source recorded nothing.", perRecorder("gaps")),
    counter("recorder_restarts_total", "Times that a source was connected anew.", perRecorder("restarts")),
    gauge(
      "recorder_frame_age_seconds",
      "Since the last frame of a source came.",
      snapshot.recorders.flatMap(({ name, lastFrameAgeMs }): Sample[] =>
        lastFrameAgeMs === null ? [] : [[{ recorder: name }, lastFrameAgeMs / 1000]],
      ),
    ),
    gauge("alarms", "What a person must mend.", plain(snapshot.alarms.length)),
    gauge("chain_sequence", "The last number of the device's chain.", unlessNull(snapshot.chain?.sequence)),
    gauge("unsent_statements", "Statements that the archive has not acknowledged.", plain(snapshot.unsentStatements)),
    gauge(
      "heartbeat_failures",
      "Heartbeats without an answer since the last one with one.",
      unlessNull(fleet?.failures),
    ),
    gauge(
      "last_contact_seconds",
      "Since 1970, by this device's clock, when the archive answered last.",
      unlessNull(lastContactMs === null ? null : lastContactMs / 1000),
    ),
    gauge(
      "clock_offset_seconds",
      "How far this device's clock is ahead of the archive's.",
      fleet?.clock.offsetMs == null ? [] : plain(fleet.clock.offsetMs / 1000),
    ),
    gauge("config_version", "Version of the archive's configuration that holds.", unlessNull(fleet?.configVersion)),
    gauge(
      "config_problem",
      "1: a newer configuration of the archive does not hold.",
      fleet === null ? [] : plain(fleet.configProblem === null ? 0 : 1),
    ),
  ];
}

function labelsText(labels: Labels): string {
  const pairs = Object.entries(labels).map(
    ([name, value]) => `${name}="${value.replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("\n", "\\n")}"`,
  );
  return pairs.length === 0 ? "" : `{${pairs.join(",")}}`;
}
