"use client";

import { useState } from "react";
import { SelectField } from "@/components/ui/choice";
import { TextField } from "@/components/ui/field";
import { SiteFields } from "./site-fields";

type CodeFieldsProps = {
  sites: { id: string; name: string }[];
  policies: { id: string; name: string; isDefault: boolean }[];
  timeZone: string;
};

type Form = "long" | "typed";

/** What an enrolment code lets in. A code that is typed is for one device and ends soon, because it can be guessed. */
export function CodeFields({ sites, policies, timeZone }: CodeFieldsProps) {
  const [form, setForm] = useState<Form>("long");
  const [uses, setUses] = useState("1");
  const [approval, setApproval] = useState<boolean | null>(null);
  const isTyped = form === "typed";
  const needsApproval = approval ?? Number(uses) > 1;
  return (
    <>
      <SelectField
        name="form"
        label="How it gets to the device"
        value={form}
        onChange={(event) => {
          setForm(event.target.value === "typed" ? "typed" : "long");
          setUses("1");
        }}
        choices={[
          { value: "long", label: "Pasted or scanned: a long code" },
          { value: "typed", label: "Typed or read out: eight letters" },
        ]}
      />
      <div className="grid gap-4 sm:grid-cols-2">
        <TextField
          name="maxUses"
          label="For how many devices"
          type="number"
          min={1}
          value={uses}
          onChange={(event) => setUses(event.target.value)}
          readOnly={isTyped}
          hint={isTyped ? "A typed code is for one" : "Up to 10 000"}
        />
        <TextField
          key={form}
          name="hours"
          label="Good for, in hours"
          type="number"
          min={0.25}
          step={0.25}
          defaultValue={isTyped ? 1 : 24}
          hint={isTyped ? "At most 24" : "At most 720, 30 days"}
        />
        <SiteFields sites={sites} timeZone={timeZone} placeholder="None, they move" />
        <SelectField
          name="policyId"
          label="Policy"
          choices={policies.map(({ id, name, isDefault }) => ({
            value: id,
            label: isDefault ? `${name} (for all others)` : name,
          }))}
        />
      </div>
      <label className="flex cursor-pointer gap-2.5">
        <input
          type="checkbox"
          name="needsApproval"
          className="tick"
          checked={needsApproval}
          onChange={(event) => setApproval(event.target.checked)}
        />
        <span>
          <span className="font-semibold text-sm">Somebody lets each device in</span>
          <span className="block text-muted text-sm">
            It waits, and can do nothing, until you have compared its key with what it shows.
          </span>
        </span>
      </label>
    </>
  );
}
