import { Pencil } from "lucide-react";
import { Button } from "@/components/ui/button";
import { ConfirmDialog } from "@/components/ui/confirm-dialog";
import { TextField } from "@/components/ui/field";
import type { ActionResult } from "@/components/ui/form";
import { formatBytes } from "@/components/ui/format";
import { Time } from "@/components/ui/time";
import type { SettingRow } from "@/lib/settings/types";

type SettingListProps = {
  settings: SettingRow[];
  /** Null: the reader may not change them. */
  action: ((data: FormData) => Promise<ActionResult>) | null;
};

/** The archive's settings, each with what it does and its value. */
export function SettingList({ settings, action }: SettingListProps) {
  return (
    <dl className="divide-y divide-line">
      {settings.map((setting) => (
        <div key={setting.key} className="flex flex-wrap items-center gap-x-4 gap-y-1 py-2.5">
          <dt className="min-w-0 flex-1 basis-64">
            <span className="font-semibold text-sm">{setting.label}</span>
            <span className="block text-muted text-sm">{setting.help}</span>
          </dt>
          <dd className="flex items-center gap-3">
            <span className="text-right">
              {valueWords(setting)}
              <span className="block text-muted text-xs">
                {setting.updatedAt ? (
                  <>
                    changed <Time at={setting.updatedAt} style="date" />
                  </>
                ) : (
                  "as delivered"
                )}
              </span>
            </span>
            {action && <ChangeSetting setting={setting} action={action} />}
          </dd>
        </div>
      ))}
    </dl>
  );
}

function valueWords({ key, value }: SettingRow): string {
  return key.endsWith("Bytes") && typeof value === "number" ? formatBytes(value) : String(value);
}

function ChangeSetting({ setting, action }: { setting: SettingRow; action: NonNullable<SettingListProps["action"]> }) {
  return (
    <ConfirmDialog
      trigger={
        <Button icon={Pencil} aria-label={`Change: ${setting.label}`}>
          Change
        </Button>
      }
      title={setting.label}
      description={setting.help}
      confirm="Save"
      action={action}
      doneMessage="Saved. It holds from the next use on."
    >
      <input type="hidden" name="key" value={setting.key} />
      <TextField
        name={setting.key}
        label={setting.label}
        defaultValue={String(setting.value)}
        hint={`As delivered: ${setting.fallback}`}
        inputMode={typeof setting.value === "number" ? "numeric" : "text"}
      />
    </ConfirmDialog>
  );
}
