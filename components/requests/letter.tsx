import { Download, FileText } from "lucide-react";
import { ButtonLink } from "@/components/ui/button";
import { Card } from "@/components/ui/card";
import { Digest } from "@/components/ui/digest";
import { Facts } from "@/components/ui/facts";
import { formatBytes } from "@/components/ui/format";
import { Time, TimeInterval } from "@/components/ui/time";
import type { RequestDetail } from "@/lib/access/types";
import { Due } from "./due";

type LetterProps = {
  request: RequestDetail;
  basisWords: string;
  now: Date;
  /** Whether the reader may read the order; an auditor sees only that there is one. */
  mayReadOrder: boolean;
  title?: string;
};

/** The request, read like a letter: who asks for what, on what ground, until when; with the order attached. */
export function Letter({ request, basisWords, now, mayReadOrder, title = "What they ask" }: LetterProps) {
  const { requester } = request;
  const facts = [
    {
      label: "Requester",
      value: requester.name,
      note: [requester.organisation, requester.badge && `badge ${requester.badge}`].filter(Boolean).join(", "),
    },
    {
      label: "Legal basis",
      value: `${basisWords}, ${request.authority}`,
      note: <span className="mono">{request.reference}</span>,
    },
    { label: "Purpose", value: <span className="whitespace-pre-line">{request.purpose}</span> },
    { label: "Place", value: request.place, ...(request.site && { note: `Site ${request.site.name}` }) },
    {
      label: "Interval",
      value: <TimeInterval from={request.intervalFrom} until={request.intervalUntil} zone={request.timeZone} />,
      note: `typed in ${request.timeZone} time`,
    },
    { label: "Asked", value: <Time at={request.createdAt} zone={request.timeZone} /> },
    { label: "Answer due", value: <Due request={request} now={now} /> },
  ];
  return (
    <Card title={title}>
      <Facts facts={facts} />
      <OrderAttachment request={request} mayRead={mayReadOrder} />
    </Card>
  );
}

function OrderAttachment({ request, mayRead }: { request: RequestDetail; mayRead: boolean }) {
  const { order } = request;
  return (
    <div className="mt-4 flex flex-wrap items-start gap-x-3 gap-y-2 rounded-md border border-line bg-sunken p-3 text-sm">
      <FileText aria-hidden className="mt-0.5 size-5 shrink-0 text-muted" />
      <div className="min-w-0 flex-1 basis-40">
        <p className="wrap-anywhere font-semibold">{order.fileName}</p>
        <p className="text-muted">The order, PDF, {formatBytes(order.sizeBytes)}</p>
        <p className="mt-1 text-muted text-xs">
          SHA-256 <Digest hex={order.sha256} short />
        </p>
      </div>
      {mayRead && (
        <ButtonLink href={`/api/requests/${request.id}/order`} download icon={Download}>
          Download
        </ButtonLink>
      )}
    </div>
  );
}
