import { Digest, IdText } from "@/components/ui/digest";
import { Facts } from "@/components/ui/facts";
import { formatCount, formatSpan, plural } from "@/components/ui/format";
import { Bytes, Duration } from "@/components/ui/measures";
import { RelativeTime, Time, TimeInterval } from "@/components/ui/time";
import type { RecordingDetail } from "@/lib/recordings/types";

/** The facts that fit beside a list. */
export function ShortFacts({ recording }: { recording: RecordingDetail }) {
  return (
    <Facts
      facts={[
        { label: "Captured", ...captured(recording) },
        { label: "Arrived", ...arrived(recording) },
        { label: "SHA-256", value: recording.sha256 && <Digest hex={recording.sha256} short /> },
        { label: "Verified", value: verified(recording) },
        { label: "Size", value: <Bytes value={recording.sizeBytes} /> },
      ]}
      missing="not known yet"
    />
  );
}

/** Everything that is known, with who said it. */
export function FullFacts({ recording }: { recording: RecordingDetail }) {
  const { sizeBytes } = recording;
  return (
    <Facts
      missing="not reported by the device"
      facts={[
        { label: "Recording", value: <IdText id={recording.id} /> },
        { label: "Captured", ...captured(recording) },
        { label: "Length", value: recording.durationMs === null ? null : <Duration ms={recording.durationMs} /> },
        { label: "Site", value: recording.site?.name ?? null, note: recording.site?.timeZone },
        { label: "Place", value: recording.place },
        { label: "Device", value: recording.device.name, note: <IdText id={recording.device.id} /> },
        { label: "Alias", value: recording.alias && <span className="mono">{recording.alias}</span> },
        { label: "Source", value: recording.source },
        { label: "File", value: recording.fileName, note: recording.mediaType },
        {
          label: "Size",
          value: sizeBytes === null ? <span className="text-muted">not known yet</span> : <Bytes value={sizeBytes} />,
          note: sizeBytes === null ? undefined : `${formatCount(sizeBytes)} bytes`,
        },
        { label: "Arrived", ...arrived(recording) },
        {
          label: "Verified",
          value: verified(recording) ?? <span className="text-muted">not yet</span>,
        },
      ]}
    />
  );
}

function captured(recording: RecordingDetail) {
  const zone = recording.site?.timeZone;
  if (!recording.isCaptureDeclared) return { value: null, note: undefined };
  return {
    value: <TimeInterval from={recording.startAt} until={recording.endAt} zone={zone} />,
    note: "by the device's clock",
  };
}

function arrived(recording: RecordingDetail) {
  const zone = recording.site?.timeZone;
  const cuts = recording.interruptions;
  const cut = cuts === 0 ? "without interruption" : `interrupted ${cuts === 1 ? "once" : plural(cuts, "time")}`;
  if (recording.receivedAt === null)
    return {
      value: (
        <>
          announced <Time at={recording.createdAt} zone={zone} />
        </>
      ),
      note: "not complete yet",
    };
  return {
    value: <TimeInterval from={recording.createdAt} until={recording.receivedAt} zone={zone} />,
    note: `${formatSpan(recording.receivedAt.getTime() - recording.createdAt.getTime())}, ${cut}`,
  };
}

function verified(recording: RecordingDetail) {
  if (recording.sealedAt === null) return null;
  const match = recording.declaredSha256 ? ", equals the device's own digest" : ", digest first computed here";
  return (
    <>
      from storage, <RelativeTime at={recording.sealedAt} zone={recording.site?.timeZone} />
      {match}
    </>
  );
}
