"use client";

import { TextAreaField, TextField } from "@/components/ui/field";
import { SiteFields } from "./site-fields";

/** What a new device is asked for; naming a new site unfolds its fields. */
export function DeviceFields({ sites, timeZone }: { sites: { id: string; name: string }[]; timeZone: string }) {
  return (
    <>
      <TextField name="name" label="Name" hint="Unique, as people call it: Van 12, Gate cam 2" maxLength={100} />
      <SiteFields sites={sites} timeZone={timeZone} placeholder="None, it moves" />
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
