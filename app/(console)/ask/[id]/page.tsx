import { ClipboardPen } from "lucide-react";
import type { Metadata } from "next";
import { redirect } from "next/navigation";
import { Course } from "@/components/requests/course";
import { Letter } from "@/components/requests/letter";
import { CheckYourself, ReleasedRecording, Unavailable } from "@/components/requests/released";
import { ConfirmReceipt, WithdrawRequest } from "@/components/requests/requester-acts";
import { ButtonLink } from "@/components/ui/button";
import { Card } from "@/components/ui/card";
import { IdText } from "@/components/ui/digest";
import { Notice } from "@/components/ui/notice";
import { PageBody, PageHeader } from "@/components/ui/page-header";
import { StatePill } from "@/components/ui/state-pill";
import { requestStates } from "@/components/ui/states";
import { Time } from "@/components/ui/time";
import { getRequest } from "@/lib/access/index.ts";
import type { RequestDetail } from "@/lib/access/types.ts";
import { requireContext } from "../../../_server/context";
import { orNotFound } from "../../../_server/or-not-found";
import { closeAction, withdrawAction } from "../../requests/actions";
import { basisWords } from "../../requests/basis-words";

type PageProps = { params: Promise<{ id: string }> };

export async function generateMetadata({ params }: PageProps): Promise<Metadata> {
  return { title: `Request ${decodeURIComponent((await params).id).slice(0, 20)}` };
}

export default async function FollowUpPage({ params }: PageProps) {
  const ctx = await requireContext();
  const request = await orNotFound(getRequest(ctx, (await params).id));
  if (ctx.actor.role !== "requester") redirect(`/requests/${request.id}`);
  const { release, timeZone } = request;
  return (
    <>
      <PageHeader
        title={titleOf(request)}
        parent={{ href: "/requests", label: "My requests" }}
        trail={<IdText id={request.id} />}
        note={<StatePill look={requestStates[request.state]} />}
      />
      <PageBody narrow>
        <Answer request={request} />
        {release?.recordings.map((recording) => (
          <ReleasedRecording key={recording.id} recording={recording} release={release} zone={timeZone} />
        ))}
        {release && <Unavailable release={release} />}
        {release && <CheckYourself recordings={release.recordings} />}
        {request.can.close === null && <ConfirmReceipt requestId={request.id} action={closeAction} />}
        <Card title="Course">
          <Course request={request} />
          {request.can.withdraw === null && (
            <div className="mt-2">
              <WithdrawRequest requestId={request.id} action={withdrawAction} />
            </div>
          )}
        </Card>
        <Letter
          request={request}
          basisWords={basisWords[request.legalBasis]}
          now={ctx.clock.now()}
          mayReadOrder
          title="What you asked"
        />
      </PageBody>
    </>
  );
}

function titleOf(request: RequestDetail): string {
  if (request.release?.isOpen)
    return request.release.recordings.length === 1 ? "Your recording is ready" : "Your recordings are ready";
  return request.site?.name ?? request.place;
}

/** What the person who asked must know first. */
function Answer({ request }: { request: RequestDetail }) {
  const { release, timeZone } = request;
  if (release?.isOpen) {
    return (
      <p className="text-muted">
        Order {request.reference}. Available until <Time at={release.openUntil} zone={timeZone} />.
      </p>
    );
  }
  if (release) {
    return (
      <Notice tone="wait" title={release.withdrawnAt ? "The release was withdrawn" : "The release has run out"}>
        {release.withdrawnAt ? (
          <p>{release.withdrawReason}</p>
        ) : (
          <p>
            It was open until <Time at={release.openUntil} zone={timeZone} />.
          </p>
        )}
        <p>What was released stays listed here with its digests, so that a copy you hold can still be checked.</p>
        <AskAgain requestId={request.id} />
      </Notice>
    );
  }
  if (request.state === "denied") {
    return (
      <Notice tone="bad" title="Your request was denied">
        <p>{request.denialReason}</p>
        <AskAgain requestId={request.id} />
      </Notice>
    );
  }
  if (request.state === "withdrawn") {
    return (
      <Notice tone="info" title="You withdrew this request">
        <AskAgain requestId={request.id} />
      </Notice>
    );
  }
  return (
    <Notice tone="info" title={`${requestStates[request.state].label}: ${requestStates[request.state].meaning}`}>
      An answer is due by <Time at={request.answerBy} zone={timeZone} />. You need not do anything.
    </Notice>
  );
}

function AskAgain({ requestId }: { requestId: string }) {
  return (
    <p className="mt-2">
      <ButtonLink href={`/ask?like=${requestId}`} icon={ClipboardPen}>
        Ask again
      </ButtonLink>
    </p>
  );
}
