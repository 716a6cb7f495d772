import { CircleCheck, GitFork, ListX } from "lucide-react";
import { formatCount, plural } from "@/components/ui/format";
import { Link } from "@/components/ui/link";
import { Pill } from "@/components/ui/state-pill";
import { RelativeTime, Time } from "@/components/ui/time";
import type { ManifestChainView } from "@/lib/devices/types";
import { AllRanges, rangeWords, shownRanges } from "./number-ranges";

/** The numbers of a device's chain that are missing, and those that contradict. */
export function ChainFindings({ chain, zone }: { chain: ManifestChainView; zone: string | undefined }) {
  return (
    <div className="mt-3 grid gap-2 text-sm">
      <p>
        {plural(chain.count, "manifest")}, the last is number {formatCount(chain.lastSequence)},{" "}
        <RelativeTime at={chain.lastReceivedAt} zone={zone} />.
      </p>
      {chain.gaps.length > 0 && <Missing chain={chain} />}
      {chain.setAside > 0 && (
        <p>
          <b className="font-semibold">Set aside:</b>{" "}
          {plural(chain.setAside, "manifest or statement", "manifests and statements")} came when the device was not
          believed any more. They fill and explain no gap.
        </p>
      )}
      {chain.forks.length > 0 && <Forks chain={chain} zone={zone} />}
    </div>
  );
}

/** What a device's chain says, in a word. */
export function ChainVerdict({ chain }: { chain: ManifestChainView }) {
  if (chain.forks.length > 0)
    return (
      <Pill tone="bad" icon={GitFork}>
        Contradiction
      </Pill>
    );
  if (chain.gaps.length > 0)
    return (
      <Pill tone="wait" icon={ListX}>
        Numbers missing
      </Pill>
    );
  if (chain.acknowledged.some(({ missing }) => missing > 0))
    return (
      <Pill tone="plain" icon={ListX}>
        Gaps acknowledged
      </Pill>
    );
  return (
    <Pill tone="ok" icon={CircleCheck}>
      Without a gap
    </Pill>
  );
}

function Missing({ chain: { gaps, gapCount } }: { chain: ManifestChainView }) {
  return (
    <div>
      <p>
        <b className="font-semibold">Missing:</b> {rangeWords(gaps.slice(0, shownRanges))}
        {gapCount > shownRanges && ` and ${plural(gapCount - shownRanges, "older gap")}`}. What the device signed there
        has not come; it may still be on the device.
      </p>
      <AllRanges ranges={gaps} all={gapCount} />
    </div>
  );
}

function Forks({ chain, zone }: { chain: ManifestChainView; zone: string | undefined }) {
  return (
    <div>
      <p>
        <b className="font-semibold">Contradictions:</b> the device was reset or copied, or somebody else has its key.
      </p>
      <ul className="mt-1 list-disc pl-5">
        {chain.forks.map((fork) => (
          <li key={`${fork.sequence} ${fork.recordingId}`}>
            <Link href={`/recordings/${fork.recordingId}`} className="hover:underline">
              Number {formatCount(fork.sequence)}
            </Link>{" "}
            {fork.isSameNumber ? "came twice with different content" : "does not name the manifest before it"},{" "}
            <Time at={fork.receivedAt} zone={zone} style="table" />.
          </li>
        ))}
      </ul>
    </div>
  );
}
