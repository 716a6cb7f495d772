import { AutoRefresh } from "@/components/ui/auto-refresh";
import { formatBytes } from "@/components/ui/format";
import { Progress } from "@/components/ui/progress";
import type { RecordingRow } from "@/lib/recordings/types";

/** How far a recording that is still arriving has come. Nothing for one that is here. */
export function ArrivalProgress({ recording }: { recording: RecordingRow }) {
  const { state, sizeBytes, offsetBytes, isAbandoned } = recording;
  if (state === "received") return <AutoRefresh />;
  if (state !== "receiving") return null;
  if (isAbandoned)
    return (
      <p className="mb-3 text-muted text-sm">
        {formatBytes(offsetBytes)} had arrived when the upload ended. They are gone; custody says when and why.
      </p>
    );
  return (
    <div className="mb-3">
      <AutoRefresh />
      {sizeBytes === null ? (
        <p className="text-muted text-sm">{formatBytes(offsetBytes)} are here; the device has not said of how many.</p>
      ) : (
        <Progress
          label="Arrived"
          value={offsetBytes}
          max={sizeBytes}
          words={`${formatBytes(offsetBytes)} of ${formatBytes(sizeBytes)} are here, and stay even if the link breaks.`}
        />
      )}
    </div>
  );
}
