import { FileCheck, History } from "lucide-react";
import { ButtonLink } from "@/components/ui/button";
import { Card } from "@/components/ui/card";
import { CopyButton } from "@/components/ui/copy-button";
import { Facts } from "@/components/ui/facts";
import { formatCount } from "@/components/ui/format";
import { Pill } from "@/components/ui/state-pill";
import { Time } from "@/components/ui/time";
import type { ReceiptView } from "@/lib/receipts/types";
import type { RecordingDetail } from "@/lib/recordings/types";

type ReceiptCardProps = { recording: RecordingDetail; receipt: ReceiptView | null; publicUrl: string };

/** The archive's signed word about a sealed recording, and how anyone checks it. Nothing before it is sealed. */
export function ReceiptCard({ recording, receipt, publicUrl }: ReceiptCardProps) {
  if (recording.state === "sealed" && receipt === null) return <BeingMade />;
  if (receipt === null) return null;
  const isHistory = recording.state === "quarantined";
  return (
    <Card title="Receipt" aside={isHistory ? <HistoryPill /> : <SignedPill />}>
      <Facts
        facts={[
          { label: "Signed", value: <Time at={receipt.issuedAt} zone={recording.site?.timeZone} /> },
          { label: "By key", value: <KeyId kid={receipt.kid} /> },
          {
            label: "In the log",
            value: `Event ${formatCount(receipt.logIndex)} of ${formatCount(receipt.treeSize)}`,
            note: <span className="mono">{receipt.logOrigin}</span>,
          },
        ]}
      />
      {isHistory ? (
        <p className="mt-3 text-sm">
          This recording was sealed with this receipt and found damaged later. The archive does not hand the receipt out
          any more; custody shows both.
        </p>
      ) : (
        <Check receipt={receipt} recording={recording} publicUrl={publicUrl} />
      )}
    </Card>
  );
}

function BeingMade() {
  return (
    <Card title="Receipt">
      <p className="text-muted text-sm">It is being made: in a moment it is here.</p>
    </Card>
  );
}

function SignedPill() {
  return (
    <Pill tone="ok" icon={FileCheck}>
      Signed
    </Pill>
  );
}

function HistoryPill() {
  return (
    <Pill tone="bad" icon={History}>
      No longer true
    </Pill>
  );
}

function KeyId({ kid }: { kid: string }) {
  return (
    <span className="mono wrap-anywhere" title={kid}>
      {kid.slice(0, 12)}…<CopyButton text={kid} what="the key's id" />
    </span>
  );
}

function Check({
  receipt,
  recording,
  publicUrl,
}: {
  receipt: ReceiptView;
  recording: RecordingDetail;
  publicUrl: string;
}) {
  const file = `'${recording.fileName.replaceAll("'", "'\\''")}'`;
  const command = `npx strongroom-uploader verify-receipt ${receipt.fileName} --file ${file} --server ${publicUrl}`;
  return (
    <>
      <ButtonLink href={`/api/recordings/${recording.id}/receipt`} icon={FileCheck} download="" className="mt-3">
        Download the receipt
      </ButtonLink>
      <p className="mt-3 text-sm">
        It proves, without asking this archive again, that these bytes were sealed at this moment and stand in its log.
        To check it and a downloaded file:
      </p>
      <div className="mt-2 flex items-start gap-1">
        <pre className="mono min-w-0 flex-1 whitespace-pre-wrap wrap-anywhere rounded-md bg-sunken p-2.5 text-xs">
          <code>{command}</code>
        </pre>
        <CopyButton text={command} what="the command" />
      </div>
    </>
  );
}
