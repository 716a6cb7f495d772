"use client";

import { Plus, Trash2 } from "lucide-react";
import { useState } from "react";
import { Button, IconButton } from "@/components/ui/button";
import { FieldError, TextField } from "@/components/ui/field";
import { useFormState } from "@/components/ui/form";
import { writeSize } from "@/components/ui/size-text";
import type { PolicyRow } from "@/lib/fleet/types";

type Row = PolicyRow["settings"]["transfer"]["timetable"][number];

const name = "settings.transfer.timetable";
const days = [
  ["mon", "Mon"],
  ["tue", "Tue"],
  ["wed", "Wed"],
  ["thu", "Thu"],
  ["fri", "Fri"],
  ["sat", "Sat"],
  ["sun", "Sun"],
] as const;
const newRow: Row = { days: ["mon", "tue", "wed", "thu", "fri"], from: "07:00", to: "19:00", rateBytesPerSecond: 0 };

/** Hours with a limit of their own, one row each. */
export function TimetableFields({ rows: before }: { rows: Row[] }) {
  const [rows, setRows] = useState(() => before.map((row, key) => ({ key, row })));
  const { problem } = useFormState();
  const add = () => setRows([...rows, { key: (rows.at(-1)?.key ?? -1) + 1, row: newRow }]);
  const at = rows.findIndex((_, index) => problem?.field?.startsWith(`${name}.${index}.`));
  return (
    <div className="grid gap-3">
      {rows.length === 0 && <p className="text-muted text-sm">None: the limit above holds at every hour.</p>}
      {rows.map(({ key, row }, index) => (
        <fieldset key={key} className="grid gap-3 rounded-md border border-line p-3">
          <legend className="sr-only">Hours {index + 1}</legend>
          <div className="flex flex-wrap items-center gap-x-3 gap-y-1.5">
            {days.map(([value, label]) => (
              <label key={value} className="flex min-h-6 items-center gap-1.5 text-sm">
                <input
                  type="checkbox"
                  className="tick mt-0!"
                  name={`${name}.${index}.days`}
                  value={value}
                  defaultChecked={row.days.includes(value)}
                />
                {label}
              </label>
            ))}
            <IconButton
              icon={Trash2}
              label={`Remove hours ${index + 1}`}
              className="ml-auto"
              onClick={() => setRows(rows.filter((other) => other.key !== key))}
            />
          </div>
          <div className="grid gap-3 sm:grid-cols-[9rem_9rem_minmax(0,1fr)]">
            <TextField name={`${name}.${index}.from`} label="From" type="time" defaultValue={row.from} />
            <TextField
              name={`${name}.${index}.to`}
              label="Until"
              type="time"
              defaultValue={row.to === "24:00" ? "00:00" : row.to}
            />
            <TextField
              name={`${name}.${index}.rateBytesPerSecond`}
              label="At most, a second"
              placeholder="No limit. 0: only events"
              optional
              defaultValue={writeSize(row.rateBytesPerSecond)}
            />
          </div>
          {at === index && problem?.field?.endsWith(".days") && (
            <FieldError id={`${name}.${index}`} error={problem.message} />
          )}
        </fieldset>
      ))}
      <div>
        <Button icon={Plus} onClick={add}>
          Add hours
        </Button>
      </div>
    </div>
  );
}
