"use client";

import { useState } from "react";
import { RadioGroup, SelectField } from "@/components/ui/choice";
import { TextField } from "@/components/ui/field";
import type { OrganisationRow } from "@/lib/people/types";
import { organisationKinds } from "./organisation-kinds";

const roles = [
  { value: "officer", label: "Officer", hint: "Finds recordings, views them for a purpose, decides about requests." },
  {
    value: "requester",
    label: "Requester",
    hint: "Of the police, a court or another outside body; asks and downloads.",
  },
  { value: "auditor", label: "Auditor", hint: "Reads custody and how requests were decided. Sees no video." },
  { value: "admin", label: "Administrator", hint: "People, devices and settings. Sees no video." },
];

/** Who is invited. Only organisations that fit the role can be chosen. */
export function InviteFields({ organisations }: { organisations: OrganisationRow[] }) {
  const [role, setRole] = useState("officer");
  const fitting = organisations.filter((one) => (one.kind === "operator") === (role !== "requester"));
  return (
    <>
      <TextField name="name" label="Name" autoComplete="off" maxLength={120} />
      <TextField name="email" label="E-mail address" type="email" autoComplete="off" hint="They sign in with it." />
      {/* A radio's change bubbles up to here. */}
      <div onChange={(event) => event.target instanceof HTMLInputElement && setRole(event.target.value)}>
        <RadioGroup name="role" label="Role" choices={roles} defaultValue="officer" />
      </div>
      <SelectField
        name="organisationId"
        label="Organisation"
        hint={fitting.length === 0 ? "There is no fitting one yet: add it under Organisations first." : undefined}
        choices={fitting.map(({ id, name, kind }) => ({ value: id, label: `${name} (${organisationKinds[kind]})` }))}
      />
      <TextField name="badge" label="Badge or identity number" optional mono maxLength={60} autoComplete="off" />
    </>
  );
}
