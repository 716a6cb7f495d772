import { Notice } from "@/components/ui/notice";

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
  missing: {
    what: "The file was not found in storage when it was to be read back.",
    next: "Tell an administrator at once. The device still holds its own copy.",
  },
};

/** Why a recording is in quarantine, in words, and what to do now. */
export function QuarantineNotice({ reason }: { reason: string | null }) {
  const known = reason === null ? undefined : explanations[reason];
  return (
    <Notice tone="bad" title="In quarantine: kept, and cannot be released">
      <p>{known?.what ?? "A check failed when the archive took it in."}</p>
      <p className="mt-1">
        <b className="font-semibold">What to do:</b>{" "}
        {known?.next ?? "Ask for the recording again from the device, and keep this one."}
      </p>
      {reason && (
        <p className="mt-1 text-muted">
          Reason code <span className="mono">{reason}</span>
        </p>
      )}
    </Notice>
  );
}
