import { Download } from "lucide-react";
import { ButtonLink } from "@/components/ui/button";
import { Card } from "@/components/ui/card";
import { CopyButton } from "@/components/ui/copy-button";
import { Digest, IdText } from "@/components/ui/digest";
import { formatBytes, formatClock } from "@/components/ui/format";
import { Time, TimeInterval } from "@/components/ui/time";
import type { ReleasedRecording as Recording, ReleaseView } from "@/lib/access/types";

/** One released recording: what it is, its digest, and the one button that fetches it as one file. */
export function ReleasedRecording({
  recording,
  release,
  zone,
}: {
  recording: Recording;
  release: ReleaseView;
  zone: string;
}) {
  const size = recording.sizeBytes === null ? "" : formatBytes(recording.sizeBytes);
  const length = recording.durationMs === null ? "" : formatClock(recording.durationMs);
  return (
    <Card>
      <h2 className="wrap-anywhere font-semibold text-md">{recording.fileName}</h2>
      <p className="text-muted text-sm">
        {[size, length, "one file, as the device made it"].filter(Boolean).join(", ")}
      </p>
      <p className="mt-2 text-sm">
        <TimeInterval from={recording.startAt} until={recording.endAt} zone={zone} />
        <span className="block text-muted">
          {[recording.device.name, recording.source, recording.place ?? recording.site?.name]
            .filter(Boolean)
            .join(", ")}
        </span>
      </p>
      <p className="mt-2 text-sm">
        <span className="block text-muted">
          SHA-256, computed by the {recording.digestOriginator}{" "}
          {recording.digestOriginator === "device" ? "before it sent the file" : "as the file arrived"}
        </span>
        <Digest hex={recording.sha256} />
      </p>
      {release.isOpen ? (
        <>
          <ButtonLink
            href={recording.contentPath}
            download
            variant="primary"
            size="lg"
            icon={Download}
            className="mt-4 w-full"
          >
            {/* One child: the button sets a gap between its children. */}
            <span>
              Download<span className="sr-only"> {recording.fileName}</span>
              {size && `, ${size}`}
            </span>
          </ButtonLink>
          <p className="mt-2 text-muted text-sm">
            Available until <Time at={release.openUntil} zone={zone} />. An interrupted download can be resumed.
          </p>
        </>
      ) : (
        <p className="mt-3 text-muted text-sm">
          Not available any more. <IdText id={recording.id} />
        </p>
      )}
    </Card>
  );
}

type CheckedFile = { id: string; fileName: string; sha256: string };

function checkLine(recording: CheckedFile): string {
  // Two spaces, as sha256sum writes them; the quotes keep any file name one word of the shell.
  const line = `${recording.sha256}  ${recording.fileName}`;
  return `printf '%s\\n' '${line.replaceAll("'", "'\\''")}' | sha256sum --check`;
}

/** How anyone checks a downloaded file without us. */
export function CheckYourself({ recordings }: { recordings: CheckedFile[] }) {
  return (
    <Card title="How to check it yourself">
      <p className="text-sm">
        A file whose SHA-256 is the one on this page is, byte for byte, what was released. In the folder of the
        download, on Linux or macOS with coreutils:
      </p>
      {recordings.map((recording) => (
        <div key={recording.id} className="mt-2 flex items-start gap-1">
          <pre className="mono min-w-0 flex-1 whitespace-pre-wrap wrap-anywhere rounded-md bg-sunken p-2.5 text-xs">
            <code>{checkLine(recording)}</code>
          </pre>
          <CopyButton text={checkLine(recording)} what={`the command for ${recording.fileName}`} />
        </div>
      ))}
      <p className="mt-2 text-sm">
        On Windows, in PowerShell, compare the answer of this with the SHA-256 on this page:
      </p>
      {recordings.map((recording) => (
        <pre
          key={recording.id}
          className="mono mt-2 whitespace-pre-wrap wrap-anywhere rounded-md bg-sunken p-2.5 text-xs"
        >
          <code>{`Get-FileHash -Algorithm SHA256 -LiteralPath '${recording.fileName.replaceAll("'", "''")}'`}</code>
        </pre>
      ))}
    </Card>
  );
}

/** What was asked for and cannot be given, with the reason for each. */
export function Unavailable({ release }: { release: ReleaseView }) {
  if (release.unavailable.length === 0) return null;
  return (
    <Card title="What cannot be given">
      <ul className="grid gap-2 text-sm">
        {release.unavailable.map((one) => (
          <li key={one.recordingId} className="wrap-anywhere">
            <IdText id={one.recordingId} /> <span className="text-muted">{one.reason}</span>
          </li>
        ))}
      </ul>
    </Card>
  );
}
