import { Card } from "@/components/ui/card";
import { formatBytes } from "@/components/ui/format";
import { Link } from "@/components/ui/link";
import { RelativeTime } from "@/components/ui/time";
import type { FleetDevice } from "@/lib/fleet/types";

const shown = 8;

/** The newest recordings that are sealed, and their receipts. */
export function ReceiptsCard({ device }: { device: FleetDevice }) {
  const zone = device.site?.timeZone;
  return (
    <Card
      title="Receipts"
      aside={
        <Link href={`/recordings?device=${device.id}`} className="link text-sm">
          All recordings
        </Link>
      }
    >
      {device.receipts.length === 0 && (
        <p className="text-muted text-sm">None yet: no recording of this device is sealed.</p>
      )}
      <ul className="divide-y divide-line text-sm empty:hidden">
        {device.receipts.slice(0, shown).map((row) => (
          <li key={row.recordingId} className="flex flex-wrap items-center gap-x-4 py-2 first:pt-0 last:pb-0">
            <Link href={`/recordings/${row.recordingId}`} className="mono wrap-anywhere mr-auto hover:underline">
              {row.fileName}
            </Link>
            <span className="text-muted">{formatBytes(row.sizeBytes)}</span>
            <span className="text-muted sm:w-72 sm:text-right">
              {row.receiptAt ? (
                <>
                  sealed <RelativeTime at={row.sealedAt} zone={zone} />, receipt{" "}
                  <RelativeTime at={row.receiptAt} zone={zone} className="tip-end" />
                </>
              ) : (
                <>
                  sealed <RelativeTime at={row.sealedAt} zone={zone} className="tip-end" />, its receipt is being made
                </>
              )}
            </span>
          </li>
        ))}
      </ul>
    </Card>
  );
}
