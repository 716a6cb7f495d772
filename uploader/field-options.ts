import { commonOptions } from "./common-options.ts";
import { identityCommands } from "./identity-options.ts";
import type { Command, Option } from "./options.ts";

const common = commonOptions("JSON instead of words");

const place: readonly Option[] = [
  { name: "user", value: "NAME", help: "user that the service runs as; default strongroom" },
  { name: "install-dir", value: "DIR", help: "where versions go; default /opt/strongroom" },
  { name: "config", value: "FILE", help: "settings of this device; default /etc/strongroom/uploader.json" },
  { name: "state-dir", value: "DIR", help: "below /var/lib; default /var/lib/strongroom-uploader" },
  { name: "root", value: "DIR", help: "put everything below DIR, for an image of another machine; starts nothing" },
  { name: "dry-run", help: "say what would be done, and do nothing" },
  { name: "help", help: "this text" },
];

/** Commands for the device in its place: its identity, its settings, its log. */
export const fieldCommands = {
  ...identityCommands,
  status: {
    usage: "strongroom-uploader status [options]",
    summary:
      "Shows what waits, what is being sent, why it waits and what failed; works with the daemon running or not.",
    options: [
      { name: "all", help: "sealed recordings too" },
      { name: "watch", help: "go on showing it, in place on a terminal" },
      {
        name: "check",
        help: "exit with 3 when something is wrong: refused, quarantined, an alarm, or beyond the limits below",
      },
      { name: "running", help: "check: a daemon must run" },
      { name: "max-age", value: "SECONDS", help: "check: no recording waits longer; default 86400, 0: no limit" },
      { name: "max-queue", value: "N", help: "check: no more recordings wait; default no limit" },
      { name: "max-silence", value: "SECONDS", help: "check: the archive answered so lately; default no limit" },
      ...common,
    ],
    examples: [
      "strongroom-uploader status --watch",
      "strongroom-uploader status --json | jq .queue",
      "strongroom-uploader status --check --running --max-age 7200 --max-queue 500",
    ],
  },
  doctor: {
    usage: "strongroom-uploader doctor [options]",
    summary: "Looks at every link of the chain from this device to the archive, and says what is wrong and what to do.",
    options: [
      {
        name: "server",
        value: "URL",
        help: "address of the archive (STRONGROOM_SERVER), unless the device is enrolled",
      },
      { name: "token", value: "TOKEN", help: "the device's token (STRONGROOM_TOKEN), unless the device is enrolled" },
      { name: "token-file", value: "FILE", help: "file that holds the token (STRONGROOM_TOKEN_FILE)" },
      ...common,
    ],
    examples: [
      "sudo strongroom-uploader doctor",
      "strongroom-uploader doctor --json | jq '.checks[] | select(.state == \"fail\")'",
    ],
  },
  settings: {
    usage: "strongroom-uploader settings check|show [options]",
    summary: "Checks the settings file of this device, or shows what holds and who decided it.",
    options: common,
    examples: [
      "strongroom-uploader settings check --config /etc/strongroom/uploader.json",
      "strongroom-uploader settings show --json | jq .origins",
    ],
  },
  install: {
    usage: "strongroom-uploader install --folder DIR… [options]",
    summary: "Makes this machine run the uploader as a hardened service of systemd. Again is the same, and updates it.",
    isWithoutSettings: true,
    options: [
      { name: "folder", value: "DIR", help: "folder of recordings to watch; may be repeated", isRepeated: true },
      { name: "enrol", value: "LINK", help: "enrol the device with this link, as an administrator gives it" },
      { name: "server", value: "URL", help: "address of the archive, where no enrolment tells it" },
      { name: "token-file", value: "FILE", help: "a plain device token, given to the service as a credential" },
      { name: "may-delete", help: "let the service delete recordings that have their receipt, as the settings say" },
      {
        name: "release-key",
        value: "FILE",
        help: "public key that updates are signed with; may be repeated",
        isRepeated: true,
      },
      { name: "node", value: "FILE", help: "Node that the service runs with; default the one that runs this" },
      { name: "no-start", help: "do not start it" },
      ...place,
    ],
    examples: [
      "sudo node strongroom-uploader.mjs install --folder /var/lib/recorder --enrol 'strongroom:enrol?…'",
      "node strongroom-uploader.mjs install --folder /var/lib/recorder --dry-run",
    ],
  },
  update: {
    usage: "strongroom-uploader update BUNDLE|URL [options]",
    summary: "Brings a signed new version in, and the old one back when the new one does not reach the archive.",
    options: [
      { name: "wait", value: "SECONDS", help: "for a recording that is being sent; default 600" },
      { name: "contact-within", value: "SECONDS", help: "the new version must reach the archive; default 180" },
      { name: "force", help: "also an older version, over a metered link, while a recording is being sent" },
      ...place.filter(({ name }) => name !== "dry-run" && name !== "user"),
    ],
    examples: [
      "sudo strongroom-uploader update strongroom-uploader-0.2.0.update",
      "sudo strongroom-uploader update https://archive.example/strongroom-uploader-0.2.0.update",
    ],
  },
  uninstall: {
    usage: "strongroom-uploader uninstall [options]",
    summary: "Takes the service off this machine. Recordings are never touched.",
    isWithoutSettings: true,
    options: [
      { name: "keep-state", help: "leave settings, this device's key, receipts and queue" },
      { name: "force", help: "remove the state although recordings have no receipt yet" },
      ...place,
    ],
    examples: ["sudo strongroom-uploader uninstall --keep-state", "strongroom-uploader uninstall --dry-run"],
  },
  record: {
    usage: "strongroom-uploader record URL --out DIR --segment DURATION [options]",
    summary:
      "Cuts a live source (rtsp, rtmp, http, udp, srt, /dev/video0), or a file, into recordings. Needs ffmpeg 5 or newer.",
    options: [
      { name: "out", value: "DIR", help: "folder that recordings are put into, whole; run --watch it" },
      { name: "segment", value: "DURATION", help: "length of a recording, 3 s to 1 h: 60s, 2m, 7500ms" },
      { name: "name", value: "NAME", help: "begins the names of the recordings; default cam" },
      { name: "source", value: "NAME", help: "camera or view, as the archive shows it; default the name" },
      { name: "format", value: "FORMAT", help: "mp4 (in fragments; default), mkv or ts" },
      {
        name: "re-encode",
        value: "PROFILE",
        help: "h264, h264-720p or h264-360p; default: copy what the source sends",
      },
      {
        name: "url-file",
        value: "FILE",
        help: "read the URL from a file: other users of the device can read command lines, with passwords in them",
      },
      { name: "no-audio", help: "record pictures only" },
      { name: "rtsp-transport", value: "KIND", help: "tcp (default) or udp" },
      { name: "listen", help: "wait for the camera to connect (RTSP ANNOUNCE)" },
      { name: "replay-fast", help: "replay a file as fast as it goes, not in real time" },
      { name: "stall-timeout", value: "SECONDS", help: "connect anew when no frame came for so long; default 10" },
      { name: "gps", value: "gpsd://HOST:PORT", help: "put the track beside each recording, as NAME.gpx" },
      { name: "ffmpeg", value: "PATH", help: "default ffmpeg" },
      ...common,
    ],
    examples: [
      "strongroom-uploader record rtsp://10.0.0.8/stream1 --out /var/lib/recorder --segment 60s --name rear",
      "strongroom-uploader record --url-file /etc/strongroom/rear.url --out /var/lib/recorder --segment 60s --name rear",
      "strongroom-uploader record /dev/video0 --out /var/lib/recorder --segment 5m --re-encode h264-720p",
      "strongroom-uploader record trip.mkv --out /tmp/clips --segment 3s --replay-fast --json",
    ],
  },
  logs: {
    usage: "strongroom-uploader logs [options]",
    summary: "Shows the log that is kept on this device, with the daemon running or not.",
    options: [
      { name: "follow", help: "go on with each new line until interrupted" },
      {
        name: "support-bundle",
        value: "FILE",
        help: "write log, status, settings, versions and what doctor finds, without secrets, as .tar.gz",
      },
      { name: "lines", value: "N", help: "so many of the newest lines; default 200" },
      ...common,
    ],
    examples: ["strongroom-uploader logs --follow", "strongroom-uploader logs --support-bundle /tmp/van-04.tar.gz"],
  },
} as const satisfies Record<string, Command>;

/** Name of a command for the device in its place. */
export type FieldCommandName = keyof typeof fieldCommands;
