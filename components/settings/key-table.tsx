import { KeyRound, RefreshCw } from "lucide-react";
import { Button } from "@/components/ui/button";
import { ConfirmDialog } from "@/components/ui/confirm-dialog";
import { CopyButton } from "@/components/ui/copy-button";
import type { ActionResult } from "@/components/ui/form";
import { Pill } from "@/components/ui/state-pill";
import { type Column, Table } from "@/components/ui/table";
import { Time } from "@/components/ui/time";
import type { KeyRow } from "@/lib/keys/types";

type KeyAction = (data: FormData) => Promise<ActionResult>;

const purposes: Record<KeyRow["purpose"], string> = { receipt: "Receipts", log: "The custody log" };

/** The archive's signing keys, newest first, and a way to replace those that sign. */
export function KeyTable({ rows, rotate }: { rows: KeyRow[]; rotate: KeyAction | null }) {
  const columns: Column<KeyRow>[] = [
    { key: "purpose", head: "Signs", cell: (row) => <b className="font-semibold">{purposes[row.purpose]}</b> },
    { key: "kid", head: "Key", cell: (row) => <KeyId kid={row.kid} /> },
    { key: "made", head: "Made", wrap: true, cell: (row) => <Time at={row.createdAt} /> },
    { key: "state", head: "State", wrap: true, cell: (row) => <State row={row} /> },
    ...(rotate === null
      ? []
      : [
          {
            key: "rotate",
            head: "Replace",
            hideHead: true,
            align: "right" as const,
            cell: (row: KeyRow) => (row.can.rotate === null ? <Rotate row={row} action={rotate} /> : null),
          },
        ]),
  ];
  return (
    <div className="overflow-x-auto">
      <Table caption="Signing keys, newest first" columns={columns} rows={rows} rowKey={(row) => row.kid} />
    </div>
  );
}

function KeyId({ kid }: { kid: string }) {
  return (
    <span className="mono whitespace-nowrap" title={kid}>
      {kid.slice(0, 12)}…<CopyButton text={kid} what="the key's id" />
    </span>
  );
}

function State({ row }: { row: KeyRow }) {
  if (row.retiredAt === null)
    return (
      <Pill tone="ok" icon={KeyRound}>
        Signs
      </Pill>
    );
  return (
    <span className="text-muted">
      Retired <Time at={row.retiredAt} />
    </span>
  );
}

function Rotate({ row, action }: { row: KeyRow; action: KeyAction }) {
  const what = purposes[row.purpose].toLowerCase();
  return (
    <ConfirmDialog
      trigger={
        <Button variant="quiet" icon={RefreshCw} aria-label={`Replace the key of ${what}`}>
          Replace
        </Button>
      }
      title={`Replace the key of ${what}?`}
      description="A new key signs from now on. The private part of this one is destroyed; what it signed stays valid, and its public part stays published."
      confirm="Replace the key"
      action={action}
      doneMessage="A new key signs from now on."
    >
      <input type="hidden" name="purpose" value={row.purpose} />
    </ConfirmDialog>
  );
}
