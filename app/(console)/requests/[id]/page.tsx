import type { Metadata } from "next";
import Link from "next/link";
import { redirect } from "next/navigation";
import type { ReactNode } from "react";
import { toFeedItems } from "@/components/custody/feed-items";
import { Checklist } from "@/components/requests/checklist";
import { Letter } from "@/components/requests/letter";
import { MatchList } from "@/components/requests/match-list";
import { NextStep } from "@/components/requests/next-step";
import { Card } from "@/components/ui/card";
import { IdText } from "@/components/ui/digest";
import { Feed } from "@/components/ui/feed";
import { plural } from "@/components/ui/format";
import { Notice } from "@/components/ui/notice";
import { PageHeader } from "@/components/ui/page-header";
import { StatePill } from "@/components/ui/state-pill";
import { requestStates } from "@/components/ui/states";
import { denialReasons, getRequest, listMatches } from "@/lib/access/index.ts";
import type { RequestDetail } from "@/lib/access/types.ts";
import { listEventsOf } from "@/lib/custody-log/index.ts";
import { roleMay } from "@/lib/people/index.ts";
import { type PersonContext, requireContext } from "../../../_server/context";
import { orNotFound } from "../../../_server/or-not-found";
import {
  approveAction,
  closeAction,
  decideAction,
  denyAction,
  openAction,
  withdrawApprovalAction,
  withdrawReleaseAction,
} from "../actions";
import { basisWords } from "../basis-words";

type PageProps = { params: Promise<{ id: string }>; searchParams: Promise<{ where?: string | string[] }> };

export async function generateMetadata({ params }: PageProps): Promise<Metadata> {
  return { title: `Request ${decodeURIComponent((await params).id).slice(0, 20)}` };
}

const actions = {
  open: openAction,
  approve: approveAction,
  withdrawApproval: withdrawApprovalAction,
  deny: denyAction,
  close: closeAction,
  withdrawRelease: withdrawReleaseAction,
};
const reasons = Object.entries(denialReasons).map(([value, label]) => ({ value, label }));

export default async function RequestPage({ params, searchParams }: PageProps) {
  const ctx = await requireContext();
  const request = await orNotFound(getRequest(ctx, (await params).id));
  if (ctx.actor.role === "requester") redirect(`/ask/${request.id}`);
  const isOfficer = roleMay(ctx.actor.role, "requests.review");
  const everywhere = isOfficer && (await searchParams).where === "everywhere";
  const matches = everywhere
    ? await listMatches(ctx, { requestId: request.id, everywhere })
    : { rows: request.matches, isComplete: request.isMatchesComplete };

  return (
    <>
      <PageHeader
        title={request.site?.name ?? request.place}
        parent={{ href: "/requests", label: "Requests" }}
        trail={<IdText id={request.id} />}
        note={<StatePill look={requestStates[request.state]} />}
      />
      <div className="grid shrink-0 gap-3.5 px-4 pb-8 md:px-6 lg:grid-cols-2 xl:grid-cols-[minmax(0,1fr)_minmax(0,1.15fr)_minmax(0,.8fr)]">
        <div className="min-w-0">
          <Letter
            request={request}
            basisWords={basisWords[request.legalBasis]}
            now={ctx.clock.now()}
            mayReadOrder={roleMay(ctx.actor.role, "requests.order")}
          />
        </div>
        <MatchList
          request={request}
          matches={matches.rows}
          isComplete={matches.isComplete}
          everywhere={everywhere}
          decide={decideAction}
          warning={
            request.state === "approved"
              ? "The first approval was for what is included now. It becomes void, and the request goes back to review."
              : null
          }
        />
        <div className="grid min-w-0 content-start gap-3.5 lg:col-span-2 xl:col-span-1">
          <Ending request={request} />
          <Card title="Before it can leave">
            <Checklist request={request} isOfficer={isOfficer} />
            <div className="mt-5">
              {isOfficer ? (
                <NextStep request={request} actions={actions} denialReasons={reasons} />
              ) : (
                <p className="text-muted text-sm">You can read how it was decided; officers decide.</p>
              )}
            </div>
          </Card>
        </div>
        <div className="min-w-0 lg:col-span-2 xl:col-span-3">
          <Custody ctx={ctx} request={request} />
        </div>
      </div>
    </>
  );
}

function Ending({ request }: { request: RequestDetail }) {
  if (request.denialReason !== null) {
    return (
      <Notice tone="bad" title="Denied">
        {request.denialReason}
      </Notice>
    );
  }
  if (request.release?.withdrawReason) {
    return (
      <Notice tone="bad" title="The release was withdrawn">
        {request.release.withdrawReason}
      </Notice>
    );
  }
  return null;
}

async function Custody({ ctx, request }: { ctx: PersonContext; request: RequestDetail }) {
  const events = (await listEventsOf(ctx, { requestId: request.id })).reverse();
  // On this page the request is known; which recording an event is about is not.
  const items = toFeedItems(events, request.timeZone).map((item, index) => ({
    ...item,
    note: recordingLink(events[index]?.recordingId ?? null),
  }));
  return (
    <Card title="Custody" note={plural(events.length, "event")}>
      <Feed label="Custody events, newest first" items={items} />
    </Card>
  );
}

function recordingLink(id: string | null): ReactNode {
  return (
    id && (
      <Link href={`/recordings/${id}`} className="hover:text-ink hover:underline">
        <IdText id={id} />
      </Link>
    )
  );
}
