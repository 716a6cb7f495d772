import { Download } from "lucide-react";
import { ButtonLink } from "@/components/ui/button";
import { Card } from "@/components/ui/card";
import { Digest } from "@/components/ui/digest";
import { formatBytes } from "@/components/ui/format";
import { Time } from "@/components/ui/time";
import type { RecordingDetail } from "@/lib/recordings/types";

type SidecarsCardProps = {
  recording: RecordingDetail;
  /** Why its bytes, and so these, cannot be read now; null: they can. */
  whyNot: string | null;
};

/** Small files that came beside the recording: where it was, what was said, what the recorder knew. */
export function SidecarsCard({ recording, whyNot }: SidecarsCardProps) {
  const { sidecars, site } = recording;
  if (sidecars.length === 0) return null;
  const hasSome = sidecars.some(({ receivedAt }) => receivedAt !== null);
  return (
    <Card title="Beside the recording">
      <ul className="grid gap-3">
        {sidecars.map((sidecar) => (
          <li key={`${sidecar.name} ${sidecar.sha256}`}>
            <p className="wrap-anywhere font-semibold">{sidecar.name}</p>
            <p className="text-muted text-sm">
              {formatBytes(sidecar.sizeBytes)}, <Digest hex={sidecar.sha256} short />,{" "}
              {sidecar.receivedAt === null ? (
                "not here yet"
              ) : (
                <>
                  came <Time at={sidecar.receivedAt} zone={site?.timeZone} />
                </>
              )}
            </p>
            {sidecar.setAsideAt && (
              <p className="text-bad text-sm">Set aside: its device was not believed any more when it came.</p>
            )}
            {sidecar.receivedAt !== null && whyNot === null && (
              <ButtonLink href={sidecar.path} icon={Download} download="" className="mt-2">
                Download
              </ButtonLink>
            )}
          </li>
        ))}
      </ul>
      {hasSome && whyNot !== null && <p className="mt-3 text-sm text-wait">{whyNot}</p>}
    </Card>
  );
}
