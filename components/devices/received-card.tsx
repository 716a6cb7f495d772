import type { ReactNode } from "react";
import { Card } from "@/components/ui/card";
import { formatCount, plural } from "@/components/ui/format";
import { Link } from "@/components/ui/link";
import type { ManifestChainView } from "@/lib/devices/types";
import type { FleetDevice } from "@/lib/fleet/types";
import { ChainFindings, ChainVerdict } from "./chain-findings";

type ReceivedCardProps = {
  device: FleetDevice;
  chain: ManifestChainView | null;
  /** What people said of missing numbers, and what may be done about them. */
  children?: ReactNode;
};

/** What a device says that it made against what is here: recordings by state, and its signed numbers. */
export function ReceivedCard({ device, chain, children }: ReceivedCardProps) {
  const { received } = device;
  const { recordings } = received;
  const zone = device.site?.timeZone;
  const settled = chain?.acknowledged.reduce((sum, { missing }) => sum + missing, 0) ?? 0;
  const said = received.saidSequence ?? received.lastSequence;
  return (
    <Card title="Expected and received" aside={chain && <ChainVerdict chain={chain} />}>
      <dl className="grid grid-cols-2 gap-x-5 gap-y-3 text-sm sm:grid-cols-4">
        <Count label="Sealed here" count={recordings.sealed} href={`/recordings?device=${device.id}&state=sealed`} />
        <Count
          label="Arriving"
          count={recordings.receiving + recordings.received}
          href={`/recordings?device=${device.id}&state=receiving`}
        />
        <Count
          label="Quarantined"
          count={recordings.quarantined}
          href={`/recordings?device=${device.id}&state=quarantined`}
        />
        <Count label="Will not come" count={received.tombstones} />
      </dl>
      <p className="mt-4 text-sm">
        {said === null ? (
          <span className="text-muted">
            It signs nothing, so nobody can tell whether something is missing. An enrolled device numbers all that it
            records.
          </span>
        ) : (
          <>
            It has given {formatCount(said)} numbers; {formatCount(received.numbers)} are here
            {received.notSentYet > 0 && <>, {formatCount(received.notSentYet)} it has not sent yet</>}
            {received.setAside > 0 && <>, {formatCount(received.setAside)} are set aside as not believed</>}
            <Missing missing={received.missing} settled={settled} queued={device.queue?.files ?? 0} />.
          </>
        )}
      </p>
      {chain && <ChainFindings chain={chain} zone={zone} />}
      {children}
    </Card>
  );
}

/** What is urgent overtakes: as many numbers as there are files in its queue may still be coming. */
function Missing({ missing, settled, queued }: { missing: number; settled: number; queued: number }) {
  if (missing === 0)
    return settled === 0
      ? ", and none is missing"
      : `, and ${formatCount(settled)} ${settled === 1 ? "is" : "are"} missing for a reason that somebody gave`;
  if (missing <= queued) return `, ${plural(missing, "number")} before the last may still be in its queue`;
  const verb = missing === 1 ? "is" : "are";
  return (
    <b className="font-semibold">
      , {formatCount(missing)} {verb} missing without a word why
    </b>
  );
}

function Count({ label, count, href }: { label: string; count: number; href?: string }) {
  const value: ReactNode =
    href && count > 0 ? (
      <Link href={href} className="hover:underline">
        {formatCount(count)}
      </Link>
    ) : (
      formatCount(count)
    );
  return (
    <div>
      <dt className="text-muted">{label}</dt>
      <dd className="font-[640] text-xl">{value}</dd>
    </div>
  );
}
