import type { ReactNode } from "react";
import { Card } from "@/components/ui/card";
import { CheckField, RadioGroup, SelectField } from "@/components/ui/choice";
import { TextAreaField, TextField } from "@/components/ui/field";
import { writeSize } from "@/components/ui/size-text";
import type { PolicyRow } from "@/lib/fleet/types";
import { TimetableFields } from "./timetable-fields";

/** What a policy's form shows before anybody types. */
export type PolicyValues = {
  name: string;
  silentAfterSeconds: number;
  keyMaxAgeDays: number | null;
  settings: PolicyRow["settings"];
};

const holdOrSend = [
  { value: "send", label: "Send them" },
  { value: "hold", label: "Wait for a link that is free" },
];

/** Every field of a policy, in the words of whoever runs the vehicles. */
export function PolicyFields({ name, silentAfterSeconds, keyMaxAgeDays, settings }: PolicyValues) {
  const { transfer, events, deletion, find } = settings;
  const t = "settings.transfer";
  return (
    <>
      <Card title="What it is">
        <Fields>
          <TextField name="name" label="Name" hint="As in Vans on mobile links" maxLength={80} defaultValue={name} />
          <TextField
            name="silentAfterSeconds"
            label="Silent after, in minutes"
            hint="Not heard for so long, it is shown on Home"
            type="number"
            min={1}
            defaultValue={silentAfterSeconds / 60}
          />
          <TextField
            name="keyMaxAgeDays"
            label="New key after, in days"
            hint="The device changes it by itself. Nothing: keys may grow old"
            type="number"
            optional
            defaultValue={keyMaxAgeDays ?? ""}
          />
          <TextField
            name="settings.heartbeatSeconds"
            label="Heartbeat every, in seconds"
            hint="10 to 3600. Some 2 kB each"
            type="number"
            defaultValue={settings.heartbeatSeconds}
          />
        </Fields>
      </Card>
      <Card title="Sending">
        <Fields>
          <TextField
            name={`${t}.parallel`}
            label="Recordings at once"
            hint="1 to 8. One lane more is kept for what goes first"
            type="number"
            defaultValue={transfer.parallel}
          />
          <TextField
            name={`${t}.rateBytesPerSecond`}
            label="At most, a second"
            hint="As in 500 kB. Nothing: no limit"
            optional
            defaultValue={writeSize(transfer.rateBytesPerSecond)}
          />
          <SelectField
            name="settings.order"
            label="Which recording next"
            hint="After what goes first"
            defaultValue={settings.order}
            choices={[
              { value: "oldest", label: "The oldest" },
              { value: "newest", label: "The newest" },
            ]}
          />
        </Fields>
        <h3 className="mt-5 mb-1 font-semibold text-md">Hours with a limit of their own</h3>
        <p className="mb-3 text-muted text-sm">
          In the device's local time. Hours that end before they begin end on the next day; until 00:00 is midnight.
        </p>
        <TimetableFields rows={transfer.timetable} />
      </Card>
      <Card title="Links that cost money">
        <Fields>
          <SelectField
            name={`${t}.metered.bulk`}
            label="Ordinary recordings"
            hint="On such a link"
            defaultValue={transfer.metered.bulk}
            choices={holdOrSend}
          />
          <SelectField
            name={`${t}.metered.events`}
            label="What goes first"
            hint="Events; what was asked for always goes"
            defaultValue={transfer.metered.events}
            choices={holdOrSend}
          />
          <TextField
            name={`${t}.metered.rateBytesPerSecond`}
            label="At most, a second"
            hint="As in 200 kB. Nothing: no limit of its own"
            optional
            defaultValue={writeSize(transfer.metered.rateBytesPerSecond)}
          />
          <TextAreaField
            name={`${t}.metered.interfaces`}
            label="Network interfaces"
            hint="That cost money whatever the device's system says: one a line, as in wwan*"
            optional
            rows={2}
            defaultValue={transfer.metered.interfaces.join("\n")}
          />
          <Budget kind="bulk" words="Ordinary recordings" budget={transfer.budgets.bulk} />
          <Budget kind="events" words="What goes first" budget={transfer.budgets.events} />
        </Fields>
      </Card>
      <Card title="What goes first">
        <p className="mb-3 text-muted text-sm">
          A recording that matches is an event: it goes before all others, also in the middle of one. What somebody
          asked for goes before events.
        </p>
        <Fields>
          <TextAreaField
            name="settings.events.tags"
            label="Tags"
            hint="One a line, as in crash"
            optional
            rows={2}
            defaultValue={events.tags.join("\n")}
          />
          <TextAreaField
            name="settings.events.names"
            label="File names"
            hint="One a line, as in events/*.mp4"
            optional
            rows={2}
            defaultValue={events.names.join("\n")}
          />
        </Fields>
      </Card>
      <Card title="Deleting on the device">
        <div className="grid gap-4">
          <RadioGroup
            name="settings.deletion.policy"
            label="Recordings that are sealed here"
            defaultValue={deletion.policy}
            choices={[
              { value: "never", label: "Stay on the device", hint: "Somebody else makes room there." },
              {
                value: "after_receipt",
                label: "Are deleted there",
                hint: "Only with the archive's signed receipt for exactly those bytes, the oldest first, events last.",
              },
            ]}
          />
          <Fields>
            <TextField
              name="settings.deletion.holdHours"
              label="But not before, in hours"
              hint="Since the receipt came"
              type="number"
              defaultValue={deletion.holdHours}
            />
            <TextField
              name="settings.deletion.keepFreeBytes"
              label="Only while less is free than"
              hint="As in 20 GB. Nothing: as soon as it may"
              optional
              defaultValue={writeSize(deletion.keepFreeBytes)}
            />
            <TextField
              name="settings.deletion.quotaBytes"
              label="Or while recordings take more than"
              hint="As in 40 GB, together. Nothing: no such limit"
              optional
              defaultValue={writeSize(deletion.quotaBytes)}
            />
          </Fields>
          <CheckField
            name="settings.deletion.allowTombstones"
            label="Let a full disk lose recordings that have not arrived"
            hint="The device then signs which ones are lost. Off: it stops recording and keeps what it has."
            defaultChecked={deletion.allowTombstones}
          />
        </div>
      </Card>
      <Card title="Finding finished recordings">
        <Fields>
          <TextField
            name="settings.find.settleSeconds"
            label="Finished when unchanged for, in seconds"
            hint="Where nothing else says that it is whole"
            type="number"
            defaultValue={find.settleSeconds}
          />
          <TextField
            name="settings.find.incompleteAfterSeconds"
            label="Sent as cut off after, in seconds"
            hint="When its container never gets its end"
            type="number"
            defaultValue={find.incompleteAfterSeconds}
          />
          <TextField
            name="settings.find.rescanSeconds"
            label="Look through the folder every, in seconds"
            hint="Beside what it is told at once"
            type="number"
            defaultValue={find.rescanSeconds}
          />
        </Fields>
      </Card>
    </>
  );
}

function Fields({ children }: { children: ReactNode }) {
  return <div className="grid items-start gap-x-5 gap-y-4 sm:grid-cols-2 xl:grid-cols-3">{children}</div>;
}

type BudgetProps = {
  kind: "bulk" | "events";
  words: string;
  budget: PolicyRow["settings"]["transfer"]["budgets"]["bulk"];
};

function Budget({ kind, words, budget }: BudgetProps) {
  const name = `settings.transfer.budgets.${kind}`;
  return (
    <fieldset className="grid gap-2">
      <legend className="mb-1 font-semibold text-sm">{words}, at most</legend>
      <div className="grid grid-cols-2 gap-3">
        <TextField
          name={`${name}.dayBytes`}
          label="A day"
          placeholder="No limit"
          optional
          defaultValue={writeSize(budget.dayBytes)}
        />
        <TextField
          name={`${name}.monthBytes`}
          label="A month"
          placeholder="No limit"
          optional
          defaultValue={writeSize(budget.monthBytes)}
        />
      </div>
    </fieldset>
  );
}
