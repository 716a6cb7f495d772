import { Scale } from "lucide-react";
import type { Metadata } from "next";
import { forbidden } from "next/navigation";
import type { AskDraft } from "@/components/requests/ask-draft";
import { AskForm } from "@/components/requests/ask-form";
import { EmptyState } from "@/components/ui/empty-state";
import { PageBody, PageHeader } from "@/components/ui/page-header";
import { toLocalInput } from "@/components/ui/zoned-time";
import { getRequest, legalBasesFor } from "@/lib/access/index.ts";
import { listSites } from "@/lib/devices/index.ts";
import { roleMay } from "@/lib/people/index.ts";
import { getSettings } from "@/lib/settings/index.ts";
import { type PersonContext, requireContext } from "../../_server/context";
import { orNotFound } from "../../_server/or-not-found";

export const metadata: Metadata = { title: "Ask for a recording" };

type PageProps = { searchParams: Promise<{ like?: string | string[] }> };

export default async function AskPage({ searchParams }: PageProps) {
  const ctx = await requireContext();
  if (!roleMay(ctx.actor.role, "requests.submit")) forbidden();
  const { like } = await searchParams;
  const [settings, sites, initial] = await Promise.all([
    getSettings(ctx.db),
    listSites(ctx),
    typeof like === "string" ? draftLike(ctx, like) : null,
  ]);
  const bases = legalBasesFor(ctx.actor.organisationKind);
  const zones = new Set([
    settings.siteTimeZone,
    ...sites.map((site) => site.timeZone),
    ...(initial ? [initial.timeZone] : []),
    "UTC",
  ]);
  return (
    <>
      <PageHeader title="Ask for a recording" />
      <PageBody narrow>
        <p className="text-muted">
          You need the place, the time, and the order as a PDF. Two officers decide; you follow it here and download
          what is released to you. You ask as {ctx.actor.name}, {ctx.actor.organisationName}.
        </p>
        {bases.length === 0 ? (
          <NoBasis />
        ) : (
          <AskForm
            options={{
              bases,
              sites: sites.map(({ id, name, address, timeZone }) => ({ id, name, address, timeZone })),
              zones: [...zones],
              orderMaxBytes: settings.orderMaxBytes,
            }}
            initial={initial}
            empty={{ ...emptyDraft, timeZone: settings.siteTimeZone }}
          />
        )}
      </PageBody>
    </>
  );
}

const emptyDraft: AskDraft = {
  siteId: "",
  place: "",
  intervalFrom: "",
  intervalUntil: "",
  timeZone: "",
  legalBasis: "",
  authority: "",
  reference: "",
  purpose: "",
};

/** What was asked in an earlier request of one's own, to ask again. */
async function draftLike(ctx: PersonContext, requestId: string): Promise<AskDraft> {
  const earlier = await orNotFound(getRequest(ctx, requestId));
  return {
    siteId: earlier.site?.id ?? "",
    place: earlier.place,
    intervalFrom: toLocalInput(earlier.intervalFrom, earlier.timeZone),
    intervalUntil: toLocalInput(earlier.intervalUntil, earlier.timeZone),
    timeZone: earlier.timeZone,
    legalBasis: earlier.legalBasis,
    authority: earlier.authority,
    reference: earlier.reference,
    purpose: earlier.purpose,
  };
}

function NoBasis() {
  return (
    <EmptyState
      icon={Scale}
      title="Your organisation has nothing to rely on"
      text="An organisation of this kind cannot claim any legal basis here. Ask the administrator whether yours was entered correctly."
    />
  );
}
