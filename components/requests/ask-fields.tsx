"use client";

import { type ChangeEvent, useRef } from "react";
import { Card } from "@/components/ui/card";
import { RadioGroup, SelectField } from "@/components/ui/choice";
import { TextAreaField, TextField } from "@/components/ui/field";
import { FileField } from "@/components/ui/file-field";
import { formatSpan } from "@/components/ui/format";
import type { AskDraft } from "./ask-draft";

/** What can be chosen in the form. */
export type AskOptions = {
  /** Legal bases that the requester's kind of organisation may claim. */
  bases: { value: string; label: string; hint: string; answerWithinHours: number }[];
  sites: { id: string; name: string; address: string | null; timeZone: string }[];
  /** IANA zones to choose from. */
  zones: string[];
  orderMaxBytes: number;
};

type AskFieldsProps = { options: AskOptions; start: AskDraft; problems: Record<string, string> };

/** The fields of the requester's form, in the order in which one would tell it. */
export function AskFields({ options, start, problems }: AskFieldsProps) {
  return (
    <>
      <Card title="Where and when">
        <WhereFields options={options} start={start} problems={problems} />
      </Card>
      <Card title="On what ground">
        <div className="grid gap-4">
          <RadioGroup
            name="legalBasis"
            label="What you rely on"
            choices={options.bases.map(({ value, label, hint, answerWithinHours }) => ({
              value,
              label,
              hint: `${hint} Answered within ${formatSpan(answerWithinHours * 3_600_000)}.`,
            }))}
            defaultValue={start.legalBasis}
            error={problems.legalBasis}
          />
          <TextField
            name="authority"
            label="Who issued the order"
            hint="As in: Juzgado de Instrucción 7."
            maxLength={200}
            defaultValue={start.authority}
            error={problems.authority}
          />
          <TextField
            name="reference"
            label="Reference or file number"
            hint="As it stands on the order."
            maxLength={120}
            mono
            autoComplete="off"
            defaultValue={start.reference}
            error={problems.reference}
          />
          <TextAreaField
            name="purpose"
            label="What you need the recordings for"
            hint="As in: robbery during a cash delivery. No names of third persons, please."
            maxLength={2000}
            defaultValue={start.purpose}
            error={problems.purpose}
          />
          <FileField
            name="order"
            label="The order"
            hint={`As a PDF, at most ${Math.floor(options.orderMaxBytes / 1_048_576)} MiB. Only those who decide about it can read it.`}
            accept="application/pdf,.pdf"
            maxBytes={options.orderMaxBytes}
            error={problems.order ?? problems.orderFileName}
          />
        </div>
      </Card>
    </>
  );
}

function WhereFields({ options, start, problems }: AskFieldsProps) {
  const fields = useRef<HTMLDivElement>(null);

  function adoptSite(event: ChangeEvent<HTMLSelectElement>) {
    const site = options.sites.find(({ id }) => id === event.currentTarget.value);
    const place = fields.current?.querySelector<HTMLInputElement>("[name=place]");
    const zone = fields.current?.querySelector<HTMLSelectElement>("[name=timeZone]");
    if (!site || !place || !zone) return;
    const isOurs = place.value === "" || options.sites.some((other) => place.value === placeOf(other));
    if (isOurs) place.value = placeOf(site);
    if (options.zones.includes(site.timeZone)) zone.value = site.timeZone;
  }

  return (
    <div ref={fields} className="grid gap-4">
      <SelectField
        name="siteId"
        label="Site"
        hint="If the place is one of ours. Otherwise describe it below."
        optional
        placeholder="Another place"
        choices={options.sites.map((site) => ({ value: site.id, label: site.name }))}
        defaultValue={start.siteId}
        onChange={adoptSite}
        error={problems.siteId}
      />
      <TextField
        name="place"
        label="Place"
        hint="Street and number, the name of the branch, the stretch of road."
        maxLength={300}
        defaultValue={start.place}
        error={problems.place}
      />
      <div className="grid gap-4 sm:grid-cols-2">
        <TextField
          name="intervalFrom"
          label="From"
          type="datetime-local"
          defaultValue={start.intervalFrom}
          error={problems.intervalFrom}
        />
        <TextField
          name="intervalUntil"
          label="Until"
          type="datetime-local"
          defaultValue={start.intervalUntil}
          error={problems.intervalUntil}
        />
      </div>
      <SelectField
        name="timeZone"
        label="Time zone of these times"
        choices={options.zones.map((zone) => ({ value: zone, label: zone.replaceAll("_", " ") }))}
        defaultValue={start.timeZone}
        error={problems.timeZone}
      />
    </div>
  );
}

function placeOf(site: AskOptions["sites"][number]): string {
  return site.address ? `${site.name}, ${site.address}` : site.name;
}
