import { Ban, CircleCheck, Clock, KeyRound } from "lucide-react";
import { Button } from "@/components/ui/button";
import { ConfirmDialog } from "@/components/ui/confirm-dialog";
import { IdText } from "@/components/ui/digest";
import type { ActionResult } from "@/components/ui/form";
import { Link } from "@/components/ui/link";
import { StatePill } from "@/components/ui/state-pill";
import type { StateLook } from "@/components/ui/states";
import { type Column, Table } from "@/components/ui/table";
import { RelativeTime, Time } from "@/components/ui/time";
import type { EnrolmentCodeRow } from "@/lib/devices/types";

const looks: Record<EnrolmentCodeRow["state"], StateLook> = {
  open: { label: "Open", icon: KeyRound, tone: "ok", meaning: "Devices may still come with it." },
  used_up: { label: "Used up", icon: CircleCheck, tone: "plain", meaning: "As many devices came as it was for." },
  expired: { label: "Out of date", icon: Clock, tone: "plain", meaning: "Its time is over." },
  revoked: { label: "Revoked", icon: Ban, tone: "plain", meaning: "Withdrawn for good." },
};

type CodeTableProps = {
  rows: EnrolmentCodeRow[];
  policyNames: ReadonlyMap<string, string>;
  revoke: (data: FormData) => Promise<ActionResult>;
};

/** Enrolment codes, newest first: what each is for and who came with it. The codes themselves are nowhere. */
export function CodeTable({ rows, policyNames, revoke }: CodeTableProps) {
  const columns: Column<EnrolmentCodeRow>[] = [
    { key: "state", head: "State", cell: (row) => <StatePill look={looks[row.state]} /> },
    { key: "id", head: "Code", cell: (row) => <IdText id={row.id} /> },
    { key: "form", head: "Form", cell: (row) => (row.form === "typed" ? "typed" : "long") },
    { key: "uses", head: "Used", align: "right", cell: (row) => `${row.uses} of ${row.maxUses}` },
    { key: "ends", head: "Good until", cell: (row) => <Time at={row.revokedAt ?? row.expiresAt} style="table" /> },
    { key: "approval", head: "Approval", cell: (row) => (row.needsApproval ? "each waits" : "at once") },
    { key: "site", head: "Site", cell: (row) => row.site?.name ?? <span className="text-muted">moves</span> },
    { key: "policy", head: "Policy", cell: (row) => policyNames.get(row.policyId ?? "") ?? "Default" },
    {
      key: "made",
      head: "Made",
      cell: (row) => (
        <>
          {row.madeBy}, <RelativeTime at={row.createdAt} />
        </>
      ),
    },
    { key: "devices", head: "Devices", cell: (row) => row.devices.length > 0 && <CodeDevices row={row} /> },
    {
      key: "revoke",
      head: "Revoke",
      hideHead: true,
      align: "right",
      cell: (row) => row.can.revoke === null && <Revoke row={row} revoke={revoke} />,
    },
  ];
  return <Table caption="Enrolment codes, newest first" columns={columns} rows={rows} rowKey={(row) => row.id} />;
}

const shownDevices = 2;

function CodeDevices({ row }: { row: EnrolmentCodeRow }) {
  return (
    <span>
      {row.devices.slice(0, shownDevices).map((device, index) => (
        <span key={device.id}>
          {index > 0 && ", "}
          <Link href={`/devices/${device.id}`} className="hover:underline">
            {device.name}
          </Link>
        </span>
      ))}
      {row.devices.length > shownDevices && ` and ${row.devices.length - shownDevices} more`}
    </span>
  );
}

function Revoke({ row, revoke }: { row: EnrolmentCodeRow; revoke: CodeTableProps["revoke"] }) {
  return (
    <ConfirmDialog
      trigger={
        <Button variant="quiet" aria-label={`Revoke the code ${row.id}`}>
          Revoke
        </Button>
      }
      title={`Revoke the code ${row.id}?`}
      description="Nobody comes with it any more. Devices that came with it stay."
      confirm="Revoke the code"
      danger
      action={revoke}
      doneMessage="The code is revoked."
    >
      <input type="hidden" name="id" value={row.id} />
    </ConfirmDialog>
  );
}
