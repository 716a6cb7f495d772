import { CircleCheck, CircleX, Info } from "lucide-react";
import { Card } from "@/components/ui/card";
import { Digest } from "@/components/ui/digest";
import { Pill } from "@/components/ui/state-pill";
import type { RecordingDetail } from "@/lib/recordings/types";

/** The digests of one recording and what comparing them says. */
export function DigestCard({ recording }: { recording: RecordingDetail }) {
  const { sha256, declaredSha256 } = recording;
  return (
    <Card title="SHA-256" aside={<Verdict sha256={sha256} declared={declaredSha256} />}>
      <dl className="grid gap-3 text-sm">
        <div>
          <dt className="text-muted">Of the file as the archive read it</dt>
          <dd>{sha256 ? <Digest hex={sha256} /> : <span className="text-muted italic">not computed yet</span>}</dd>
        </div>
        <div>
          <dt className="text-muted">
            {recording.manifests.length > 0 ? "As the device signed it" : "As the device declared it"} before sending
          </dt>
          <dd>
            {declaredSha256 ? (
              <Digest hex={declaredSha256} />
            ) : (
              <span className="text-muted italic">
                none declared: the archive computed the first one, as the file arrived
              </span>
            )}
          </dd>
        </div>
      </dl>
    </Card>
  );
}

function Verdict({ sha256, declared }: { sha256: string | null; declared: string | null }) {
  if (sha256 === null) return null;
  if (declared === null)
    return (
      <Pill tone="info" icon={Info}>
        First computed here
      </Pill>
    );
  return sha256 === declared ? (
    <Pill tone="ok" icon={CircleCheck}>
      Equal
    </Pill>
  ) : (
    <Pill tone="bad" icon={CircleX}>
      Not equal
    </Pill>
  );
}
