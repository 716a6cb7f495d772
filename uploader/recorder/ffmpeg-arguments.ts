import { lstatSync } from "node:fs";
import { Problem } from "../problems.ts";
import { encodingArguments } from "./profiles.ts";
import { type RecorderSettings, withoutSecrets } from "./settings.ts";

/** A fragment of MP4 or a cluster of Matroska is no longer than this: so much is lost with the power, and no more. */
const fragmentMs = 500;
const connectTimeoutUs = 10_000_000;
/** What ffmpeg looks at before it begins comes all at once then: the first recording is longer by so much at most. */
const probeUs = 1_500_000;

/** What kind of source an address is. Everything but a file is live. */
export type SourceKind = "rtsp" | "rtmp" | "http" | "udp" | "srt" | "device" | "file";

const kindOfScheme: Record<string, SourceKind> = {
  rtsp: "rtsp",
  rtsps: "rtsp",
  rtmp: "rtmp",
  rtmps: "rtmp",
  http: "http",
  https: "http",
  udp: "udp",
  srt: "srt",
};

/** Sorts an address. @throws Problem "usage" */
export function sourceKind(url: string): SourceKind {
  const scheme = /^([a-z][a-z0-9+.-]*):\/\//i.exec(url)?.[1]?.toLowerCase();
  if (scheme === undefined) {
    // A device may be unplugged and come back.
    if (url.startsWith("/dev/")) return "device";
    if (lstatSync(url, { throwIfNoEntry: false }) !== undefined) return "file";
    throw new Problem("file", `${url} does not exist.`);
  }
  const kind = Object.hasOwn(kindOfScheme, scheme) ? kindOfScheme[scheme] : undefined;
  if (kind !== undefined) return kind;
  throw new Problem("usage", `${scheme}:// is no source; there are ${Object.keys(kindOfScheme).join(", ")}.`);
}

// An address or a playlist behind it must not lead ffmpeg to other things, such as files of this device.
const protocols: Record<SourceKind, string | null> = {
  rtsp: "rtp,rtsp,tcp,tls,udp,crypto,http,https",
  rtmp: "rtmp,rtmps,rtmpt,tcp,tls,crypto",
  http: "http,https,tcp,tls,crypto,hls",
  udp: "udp,rtp",
  srt: "srt",
  device: null,
  file: "file",
};

/** What ffmpeg is told of a source on the network, as names and values. */
function networkOptions(settings: RecorderSettings, kind: SourceKind): [string, string][] {
  switch (kind) {
    case "rtsp":
      return settings.listens
        ? [["rtsp_flags", "listen"]]
        : [
            ["rtsp_transport", settings.rtspTransport],
            ["timeout", String(connectTimeoutUs)],
          ];
    case "rtmp":
    case "http":
      return [["rw_timeout", String(connectTimeoutUs)]];
    default:
      return [];
  }
}

function inputArguments(settings: RecorderSettings, kind: SourceKind): string[] {
  const list = protocols[kind];
  const live = kind === "file" || kind === "device" ? [] : ["-analyzeduration", String(probeUs)];
  if (ffmpegScript(settings, kind) !== null)
    return [...live, "-protocol_whitelist", `pipe,${list}`, "-f", "concat", "-safe", "0", "-i", `pipe:${scriptFd}`];
  const flags = networkOptions(settings, kind).flatMap(([name, value]) => [`-${name}`, value]);
  return [
    ...live,
    ...(list === null ? [] : ["-protocol_whitelist", list]),
    ...flags,
    ...(kind === "device" ? ["-f", "v4l2"] : []),
    ...(kind === "file" && settings.replay === "realtime" ? ["-re"] : []),
    ...["-i", settings.url],
  ];
}

/** Where ffmpeg reads the script from, when there is one. */
export const scriptFd = 3;

/**
 * A script for ffmpeg's concat demuxer that names the one source; null: the command line names it. An address with a
 * password goes this way, because everybody on the device can read command lines.
 */
export function ffmpegScript(settings: RecorderSettings, kind: SourceKind): string | null {
  const { url } = settings;
  if (protocols[kind] === null || withoutSecrets(url) === url) return null;
  const options = [["analyzeduration", String(probeUs)], ...networkOptions(settings, kind)];
  const lines = options.map(([name, value]) => `option ${name} ${value}`);
  return ["ffconcat version 1.0", `file '${url.replaceAll("'", "'\\''")}'`, ...lines, ""].join("\n");
}

const muxers: Record<RecorderSettings["format"], { muxer: string; options: string }> = {
  mp4: {
    muxer: "mp4",
    options: `movflags=+frag_keyframe+empty_moov+default_base_moof:frag_duration=${fragmentMs * 1000}:flush_packets=1`,
  },
  mkv: { muxer: "matroska", options: `cluster_time_limit=${fragmentMs}:flush_packets=1` },
  ts: { muxer: "mpegts", options: "flush_packets=1" },
};

/**
 * The whole command line: copies the source, or encodes it, into numbered files in the present folder, and lists each
 * in `list.csv` when it is finished. Live sources are cut by the clock (midnight UTC is a cut), files by their own time.
 */
export function ffmpegArguments(settings: RecorderSettings, kind: SourceKind): string[] {
  const { muxer, options } = muxers[settings.format];
  const isLive = kind !== "file";
  // Raw pictures of a device are no video that a container holds well.
  const profile = settings.reEncode ?? (kind === "device" ? "h264" : null);
  return [
    ...["-hide_banner", "-loglevel", "error", "-progress", "pipe:1", "-stats_period", "0.25"],
    ...inputArguments(settings, kind),
    ...["-map", "0:v:0", ...(settings.audio ? ["-map", "0:a?"] : [])],
    ...(profile === null ? ["-c", "copy"] : encodingArguments(profile, settings.segmentMs, isLive)),
    ...["-f", "segment", "-segment_format", muxer, "-segment_format_options", options],
    ...["-segment_time", String(settings.segmentMs / 1000), ...(isLive ? ["-segment_atclocktime", "1"] : [])],
    ...["-reset_timestamps", "1", "-segment_list", "list.csv", "-segment_list_type", "csv"],
    `%06d.${settings.format}`,
  ];
}
