"use client";

import { useState } from "react";
import { SelectField } from "@/components/ui/choice";
import { TextField } from "@/components/ui/field";

type SiteFieldsProps = {
  sites: { id: string; name: string }[];
  /** Proposed for a site that is new. */
  timeZone: string;
  /** What no site means. */
  placeholder: string;
};

/** Where one or more devices are at home; naming a new site unfolds its fields. */
export function SiteFields({ sites, timeZone, placeholder }: SiteFieldsProps) {
  const [site, setSite] = useState("");
  return (
    <>
      <SelectField
        name="siteId"
        label="Home site"
        optional
        placeholder={placeholder}
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
    </>
  );
}
