import { Digest } from "@/components/ui/digest";
import { formatCount } from "@/components/ui/format";
import { Notice } from "@/components/ui/notice";
import type { QuarantineFinding, RecordingDetail } from "@/lib/recordings/types";

type Explanation = { what: string; next: string };

// Codes of Recording.quarantineReason. An unknown one is shown as it is, so that nothing is hidden.
const explanations: Record<string, Explanation> = {
  digest_mismatch: {
    what: "The SHA-256 of what arrived is not the one that the device declared.",
    next: "Ask for the recording again from the device: it keeps its own copy until it learns that the archive sealed it. Keep this one; it may show what happened on the way.",
  },
  chunk_mismatch: {
    what: "Reading it back from storage gave other bytes than those that were received.",
    next: "Tell an administrator at once: the storage may be failing. The device still holds its own copy.",
  },
  length_mismatch: {
    what: "The file in storage is not as long as what was received.",
    next: "Tell an administrator at once: the storage may be failing. The device still holds its own copy.",
  },
  device_untrusted: {
    what: "Its bytes are what its device promised, but the device was revoked and is not believed since before they came.",
    next: "Nothing at once. An administrator knows why the device was revoked; it may be evidence of that.",
  },
  missing: {
    what: "The file was not found in storage when it was to be read back.",
    next: "Tell an administrator at once. The device still holds its own copy.",
  },
};

/** Why a recording is in quarantine and where it differs, in words, and what to do now. */
export function QuarantineNotice({ recording }: { recording: RecordingDetail }) {
  const { quarantineReason: reason, quarantineFinding: finding } = recording;
  const known = reason === null ? undefined : explanations[reason];
  const isDamaged = finding?.wasSealed === true && reason !== "device_untrusted";
  const place = finding === null ? null : placeOf(finding, recording);
  return (
    <Notice tone="bad" title="In quarantine: kept, and cannot be released">
      <p>
        {isDamaged && "It was sealed, and found damaged in storage later. "}
        {known?.what ?? "A check failed when the archive took it in."}
      </p>
      {place && <p className="mt-1">{place}</p>}
      <p className="mt-1">
        <b className="font-semibold">What to do:</b>{" "}
        {isDamaged
          ? "Tell an administrator at once: the storage may be failing. Look for the file in a backup; the device may have deleted its own copy."
          : (known?.next ?? "Ask for the recording again from the device, and keep this one.")}
      </p>
      {finding?.expectedSha256 && finding.actualSha256 && (
        <dl className="mt-2 grid gap-1">
          <Compared label="It should be" hex={finding.expectedSha256} />
          <Compared label="It is" hex={finding.actualSha256} />
        </dl>
      )}
      {reason && (
        <p className="mt-1 text-muted">
          Reason code <span className="mono">{reason}</span>
        </p>
      )}
    </Notice>
  );
}

function placeOf(finding: QuarantineFinding, { sizeBytes }: RecordingDetail): string | null {
  if (finding.firstBadChunk !== null) {
    const from = finding.firstBadByte === null ? "" : `, from byte ${formatCount(finding.firstBadByte)}`;
    return `The first chunk that differs is number ${formatCount(finding.firstBadChunk)}, counted from 0${from}.`;
  }
  if (finding.actualBytes === null || sizeBytes === null) return null;
  return `It has ${formatCount(finding.actualBytes)} bytes, and should have ${formatCount(sizeBytes)}.`;
}

function Compared({ label, hex }: { label: string; hex: string }) {
  return (
    <div>
      <dt className="text-muted">{label}</dt>
      <dd>
        <Digest hex={hex} />
      </dd>
    </div>
  );
}
