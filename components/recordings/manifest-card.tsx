import { CircleCheck, FileSignature, GitFork, ListX } from "lucide-react";
import { ButtonLink } from "@/components/ui/button";
import { Card } from "@/components/ui/card";
import { Digest } from "@/components/ui/digest";
import { Facts } from "@/components/ui/facts";
import { formatBytes, formatCount, formatSpan, plural } from "@/components/ui/format";
import { Pill } from "@/components/ui/state-pill";
import { Time } from "@/components/ui/time";
import type { ManifestView, RecordingDetail } from "@/lib/recordings/types";

type ManifestCardProps = { manifest: ManifestView; recording: RecordingDetail };

/** What the device signed before it sent the first byte, and where that stands among all that it signed. */
export function ManifestCard({ manifest, recording }: ManifestCardProps) {
  const { facts, sequence } = manifest;
  const zone = recording.site?.timeZone;
  return (
    <Card title="Signed manifest" aside={<ChainPill manifest={manifest} />}>
      {manifest.setAsideAt && (
        <p className="mb-3 text-bad text-sm">Set aside: its device was not believed any more when it came.</p>
      )}
      {manifest.chain !== null && <p className="mb-3 text-sm">{chainWords(manifest)}</p>}
      <Facts
        missing="not said"
        facts={[
          { label: "Number", value: formatCount(sequence), note: `of ${recording.device.name}` },
          { label: "Came", value: <Time at={manifest.receivedAt} zone={zone} /> },
          {
            label: "File",
            value: facts.complete ? "Complete on the device" : "Cut off on the device",
            note: `${plural(manifest.chunkCount, "chunk")} of ${formatBytes(manifest.chunkSizeBytes)}`,
          },
          { label: "Clock", ...clockWords(facts.clock) },
          { label: "Tags", value: facts.tags?.length ? facts.tags.join(", ") : null },
          { label: "Sidecars", value: facts.sidecars?.length ? <Sidecars sidecars={facts.sidecars} /> : null },
          {
            label: "Key",
            value: <span className="mono wrap-anywhere">{manifest.kid}</span>,
            note: manifest.keyRevokedAt && (
              <>
                revoked <Time at={manifest.keyRevokedAt} zone={zone} style="date" />
              </>
            ),
          },
          { label: "Manifest", value: <Digest hex={manifest.sha256} short />, note: "SHA-256 of what was signed" },
        ]}
      />
      <ButtonLink
        href={`/api/recordings/${recording.id}/manifest?sha256=${manifest.sha256}`}
        download
        icon={FileSignature}
        className="mt-4"
      >
        Download the signed manifest
      </ButtonLink>
    </Card>
  );
}

function ChainPill({ manifest: { chain, isPreviousHere } }: { manifest: ManifestView }) {
  if (chain === null) return null;
  if (chain === "fork")
    return (
      <Pill tone="bad" icon={GitFork}>
        Contradiction
      </Pill>
    );
  if (chain === "gap" && !isPreviousHere)
    return (
      <Pill tone="wait" icon={ListX}>
        Gap before it
      </Pill>
    );
  return (
    <Pill tone="ok" icon={CircleCheck}>
      In order
    </Pill>
  );
}

function chainWords({ chain, sequence, isPreviousHere }: ManifestView): string {
  const before = `number ${formatCount(sequence - 1)}`;
  switch (chain) {
    case "first":
      return "The first manifest of this device.";
    case "in_order":
      return `It follows on from ${before}.`;
    case "gap":
      return isPreviousHere
        ? `It came before ${before}, which it follows on from.`
        : `The device signed ${before} before it, and that has not come. It may still be on the device.`;
    case "fork":
      return "Another manifest has the same number, or it does not name the one before it: the device was reset or copied, or somebody else has its key.";
    default:
      return "";
  }
}

function clockWords(clock: ManifestView["facts"]["clock"]) {
  if (clock === undefined) return { value: null, note: undefined };
  const { source, offsetMs, uncertaintyMs } = clock;
  const offset = offsetMs === undefined ? null : offsetWords(offsetMs);
  const uncertainty = uncertaintyMs === undefined ? null : `true to ± ${shortSpan(uncertaintyMs)}`;
  return {
    value: clockNames[source] ?? source,
    note: [offset, uncertainty].filter(Boolean).join(", ") || undefined,
  };
}

function offsetWords(offsetMs: number): string {
  if (offsetMs === 0) return "no offset";
  return `${shortSpan(Math.abs(offsetMs))} ${offsetMs > 0 ? "ahead of" : "behind"} it`;
}

/** Spans of a clock are mostly shorter than a second. */
function shortSpan(ms: number): string {
  if (ms < 1000) return `${Number(ms.toPrecision(3))} ms`;
  return ms < 60_000 ? `${Number((ms / 1000).toPrecision(3))} s` : formatSpan(ms);
}

const clockNames: Record<string, string> = {
  gnss: "Satellites (GNSS)",
  ptp: "Network (PTP)",
  ntp: "Network (NTP)",
  rtc: "Its own clock, not set by another",
  manual: "Set by hand",
  unknown: "Not known",
};

function Sidecars({ sidecars }: { sidecars: NonNullable<ManifestView["facts"]["sidecars"]> }) {
  return (
    <ul>
      {sidecars.map((sidecar) => (
        <li key={sidecar.sha256}>
          {sidecar.name}, {formatBytes(sidecar.sizeBytes)} <Digest hex={sidecar.sha256} short />
        </li>
      ))}
    </ul>
  );
}
