import { Download } from "lucide-react";
import { ButtonLink } from "@/components/ui/button";
import { Card } from "@/components/ui/card";
import { formatBytes } from "@/components/ui/format";
import type { RecordingDetail } from "@/lib/recordings/types";

/** For a requester, who has nothing else to do here: the one file. */
export function DownloadCard({ recording, contentPath }: { recording: RecordingDetail; contentPath: string }) {
  const { fileName, sizeBytes, can } = recording;
  return (
    <Card title="Your recording">
      <p className="wrap-anywhere font-semibold">{fileName}</p>
      <p className="text-muted text-sm">
        {sizeBytes !== null && `${formatBytes(sizeBytes)}, `}one file, as the device made it
      </p>
      {can.download === null ? (
        <ButtonLink href={contentPath} variant="primary" size="lg" icon={Download} download="" className="mt-4">
          Download
        </ButtonLink>
      ) : (
        <p className="mt-4 text-wait">{can.download}</p>
      )}
    </Card>
  );
}
