import { formatCount } from "@/components/ui/format";
import { Notice } from "@/components/ui/notice";
import { Time } from "@/components/ui/time";
import type { RecordingDetail, WillNotCome } from "@/lib/recordings/types";

const reasons: Record<WillNotCome["reason"], string> = {
  evicted: "Its disk was full, and an operator allowed it to make room.",
  changed: "The file was changed after it had been signed.",
  vanished: "The file was gone before it could be sent.",
  discarded: "It was told to drop it.",
};

/** That a device signed why this recording will not come, while nothing of it is whole here. */
export function WillNotComeNotice({ recording }: { recording: RecordingDetail }) {
  const { willNotCome, site, device } = recording;
  if (willNotCome === null) return null;
  return (
    <Notice tone="wait" title="Will not come">
      <p>
        {device.name} signed so: {reasons[willNotCome.reason]}
      </p>
      <p className="mt-1">
        Statement {formatCount(willNotCome.sequence)} of its chain, here since{" "}
        <Time at={willNotCome.receivedAt} zone={site?.timeZone} />. If the file turns up after all, it is taken.
      </p>
    </Notice>
  );
}
