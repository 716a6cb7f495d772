"use client";

import { useState } from "react";
import { SelectField } from "@/components/ui/choice";
import { TextAreaField, TextField } from "@/components/ui/field";

/** What a new device is asked for; naming a new site unfolds its fields. */
export function DeviceFields({ sites, timeZone }: { sites: { id: string; name: string }[]; timeZone: string }) {
  const [site, setSite] = useState("");
  return (
    <>
      <TextField name="name" label="Name" hint="Unique, as people call it: Van 12, Gate cam 2" maxLength={100} />
      <SelectField
        name="siteId"
        label="Home site"
        optional
        placeholder="None, it moves"
        value={site}
        onChange={(event) => setSite(event.target.value)}
        choices={[
          ...sites.map(({ id, name }) => ({ value: id, label: name })),
          { value: "new", label: "A new site …" },
        ]}
      />
      {site === "new" && (
        <>
          <TextField name="siteName" label="Name of the new site" maxLength={120} />
          <TextField name="timeZone" label="Its time zone" hint="As in Europe/Madrid" defaultValue={timeZone} />
        </>
      )}
      <TextField name="alias" label="Your own element id" hint="As in INS352AR74" mono optional maxLength={100} />
      <TextAreaField
        name="key"
        label="Public key"
        hint="Ed25519, to check its signed manifests: PEM, JWK, OpenSSH line or Base64"
        optional
        rows={2}
        autoComplete="off"
        spellCheck={false}
      />
    </>
  );
}
