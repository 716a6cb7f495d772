import { Card } from "@/components/ui/card";
import { Facts } from "@/components/ui/facts";

/** What else the device said, as it said it. */
export function MetadataCard({ metadata }: { metadata: unknown }) {
  const entries = metadata !== null && typeof metadata === "object" ? Object.entries(metadata) : [];
  if (entries.length === 0) return null;
  return (
    <Card title="More from the device" note="as it sent it, unchecked">
      <Facts
        facts={entries.map(([name, value]) => ({
          label: name,
          value: typeof value === "string" ? value : <span className="mono">{JSON.stringify(value)}</span>,
        }))}
      />
    </Card>
  );
}
