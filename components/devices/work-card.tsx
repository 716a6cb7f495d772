import { Card } from "@/components/ui/card";
import { formatBytes, formatSpan, plural } from "@/components/ui/format";
import { Progress } from "@/components/ui/progress";
import { Pill } from "@/components/ui/state-pill";
import { RelativeTime, Time } from "@/components/ui/time";
import type { FleetDevice } from "@/lib/fleet/types";

type Heartbeat = NonNullable<FleetDevice["heartbeat"]>;
type Sending = NonNullable<Heartbeat["sending"]>[number];
type Next = NonNullable<Heartbeat["next"]>[number];

const shownNext = 8;

/** What a device does with its recordings at its last heartbeat: sends, waits, has still to send. */
export function WorkCard({ device }: { device: FleetDevice }) {
  const { heartbeat, heartbeatAt, queue } = device;
  const zone = device.site?.timeZone;
  if (heartbeat === null || heartbeatAt === null)
    return (
      <Card title="What it does">
        <p className="text-muted text-sm">
          Not reported: this device has sent no heartbeat. One that uploads with a plain token never does; its
          recordings arrive all the same.
        </p>
      </Card>
    );
  const sending = heartbeat.sending ?? [];
  const next = heartbeat.next ?? [];
  return (
    <Card
      title="What it does"
      note={
        <>
          as it said <RelativeTime at={heartbeatAt} zone={zone} />
        </>
      }
    >
      <p className="text-sm">{queueWords(queue)}</p>
      {heartbeat.waiting && heartbeat.waiting.reason !== "nothing" && <Waiting waiting={heartbeat.waiting} />}
      {sending.length > 0 && (
        <ul aria-label="Being sent" className="mt-3 grid gap-3">
          {sending.map((file) => (
            <SendingFile key={file.fileName} file={file} />
          ))}
        </ul>
      )}
      {next.length > 0 && <NextFiles files={next} zone={zone} />}
    </Card>
  );
}

function queueWords(queue: FleetDevice["queue"]): string {
  if (queue === null) return "It has not reported its queue.";
  if (queue.files === 0) return "Nothing waits to be sent.";
  const urgent = queue.events > 0 ? `, ${plural(queue.events, "urgent one")} among them` : "";
  return `${plural(queue.files, "recording")} of ${formatBytes(queue.bytes)} without a receipt${urgent}.`;
}

function Waiting({ waiting }: { waiting: NonNullable<Heartbeat["waiting"]> }) {
  return (
    <p className="wrap-anywhere mt-2 rounded-md bg-wait-soft px-3 py-2 text-sm">
      <b className="font-semibold text-wait">It waits:</b> {waiting.detail || waiting.reason.replaceAll("_", " ")}
      {waiting.untilMs !== null && waiting.untilMs > 0 && (
        <span className="text-muted"> Again in {formatSpan(waiting.untilMs)} from then.</span>
      )}
    </p>
  );
}

const classes = { wanted: "Asked for", event: "Urgent", bulk: null } as const;

function ClassPill({ kind }: { kind: Sending["class"] }) {
  const word = classes[kind];
  return word && <Pill tone="info">{word}</Pill>;
}

function SendingFile({ file }: { file: Sending }) {
  const { fileName, sizeBytes, acknowledgedBytes, bytesPerSecond } = file;
  const leftMs = bytesPerSecond > 0 ? (1000 * (sizeBytes - acknowledgedBytes)) / bytesPerSecond : null;
  const words = [
    `${formatBytes(acknowledgedBytes)} of ${formatBytes(sizeBytes)}`,
    `${formatBytes(Math.round(bytesPerSecond))} a second`,
    leftMs !== null && `${formatSpan(leftMs)} left`,
  ];
  return (
    <li>
      <p className="mb-1 flex flex-wrap items-center gap-2 text-sm">
        <span className="mono wrap-anywhere">{fileName}</span> <ClassPill kind={file.class} />
      </p>
      <Progress
        label={`Sending ${fileName}`}
        value={acknowledgedBytes}
        max={sizeBytes}
        words={words.filter(Boolean).join(", ")}
      />
    </li>
  );
}

function NextFiles({ files, zone }: { files: Next[]; zone: string | undefined }) {
  return (
    <>
      <h3 className="mt-4 mb-1 font-semibold text-sm">Next</h3>
      <ol className="divide-y divide-line text-sm">
        {files.slice(0, shownNext).map((file) => (
          <li key={`${file.fileName} ${file.sha256}`} className="flex flex-wrap items-center gap-x-3 gap-y-0.5 py-1.5">
            <span className="mono wrap-anywhere mr-auto">{file.fileName}</span>
            <ClassPill kind={file.class} />
            {file.capturedFrom && (
              <span className="text-muted">
                <Time at={new Date(file.capturedFrom)} zone={zone} style="table" />
              </span>
            )}
            <span className="w-20 text-right">{formatBytes(file.sizeBytes)}</span>
          </li>
        ))}
      </ol>
      {files.length > shownNext && (
        <p className="mt-1 text-muted text-sm">and {plural(files.length - shownNext, "more", "more")}</p>
      )}
    </>
  );
}
