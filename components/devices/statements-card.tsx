import { Card } from "@/components/ui/card";
import { formatCount } from "@/components/ui/format";
import { Link } from "@/components/ui/link";
import { Time } from "@/components/ui/time";
import type { FleetDevice, StatementRow } from "@/lib/fleet/types";

/** What a device signed about recordings that will not come, and about times in which it recorded nothing. */
export function StatementsCard({ device }: { device: FleetDevice }) {
  const zone = device.site?.timeZone;
  if (device.statements.length === 0) return null;
  return (
    <Card title="What it said will not come">
      <ul className="grid gap-2 text-sm">
        {device.statements.map((statement) => (
          <li key={`${statement.sequence} ${statement.receivedAt.toISOString()}`}>
            <Subject statement={statement} zone={zone} />{" "}
            <span className="text-muted">
              Number {formatCount(statement.sequence)}
              {statement.isFork && ", which contradicts another"}, here since{" "}
              <Time at={statement.receivedAt} zone={zone} style="table" />.
            </span>{" "}
            {statement.setAsideAt && <b className="font-semibold text-bad">Set aside: it is not believed.</b>}
          </li>
        ))}
      </ul>
    </Card>
  );
}

const reasons: Record<string, string> = {
  evicted: "was deleted to make room",
  changed: "was changed after it had been signed",
  vanished: "was gone before it could be sent",
  discarded: "was dropped",
};

function Subject({ statement, zone }: { statement: StatementRow; zone: string | undefined }) {
  const { kind, what, reason, recordingId, from, until } = statement;
  if (kind === "gap")
    return (
      <>
        <b className="wrap-anywhere font-semibold">{what}</b> recorded nothing
        {from && until && (
          <>
            {" "}
            from <Time at={new Date(from)} zone={zone} style="table" /> until{" "}
            <Time at={new Date(until)} zone={zone} style="table" />
          </>
        )}
        : {reason}.
      </>
    );
  return (
    <>
      <b className="wrap-anywhere font-semibold">
        {recordingId === null ? (
          what
        ) : (
          <Link href={`/recordings/${recordingId}`} className="hover:underline">
            {what}
          </Link>
        )}
      </b>{" "}
      {reasons[reason] ?? reason}.
    </>
  );
}
