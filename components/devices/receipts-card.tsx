import { Card } from "@/components/ui/card";
import { Link } from "@/components/ui/link";
import { Bytes } from "@/components/ui/measures";
import { type Column, Table } from "@/components/ui/table";
import { RelativeTime } from "@/components/ui/time";
import type { DeviceReceiptRow, FleetDevice } from "@/lib/fleet/types";

/** The newest recordings that are sealed, and their receipts. */
export function ReceiptsCard({ device }: { device: FleetDevice }) {
  const zone = device.site?.timeZone;
  const columns: Column<DeviceReceiptRow>[] = [
    {
      key: "file",
      head: "Recording",
      cell: (row) => (
        <Link href={`/recordings/${row.recordingId}`} className="mono hover:underline">
          {row.fileName}
        </Link>
      ),
    },
    { key: "size", head: "Size", align: "right", cell: (row) => <Bytes value={row.sizeBytes} /> },
    { key: "sealed", head: "Sealed", cell: (row) => <RelativeTime at={row.sealedAt} zone={zone} /> },
    {
      key: "receipt",
      head: "Receipt",
      cell: (row) =>
        row.receiptAt ? (
          <RelativeTime at={row.receiptAt} zone={zone} />
        ) : (
          <span className="text-muted">being made</span>
        ),
    },
  ];
  return (
    <Card
      title="Receipts"
      aside={
        <Link href={`/recordings?device=${device.id}`} className="link text-sm">
          All recordings
        </Link>
      }
    >
      {device.receipts.length === 0 ? (
        <p className="text-muted text-sm">None yet: no recording of this device is sealed.</p>
      ) : (
        <div className="-mx-3 overflow-x-auto">
          <Table
            caption="Newest receipts"
            columns={columns}
            rows={device.receipts.slice(0, 8)}
            rowKey={(row) => row.recordingId}
          />
        </div>
      )}
    </Card>
  );
}
