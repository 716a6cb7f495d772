import { ClipboardPen, Inbox } from "lucide-react";
import { ButtonLink } from "@/components/ui/button";
import { EmptyState } from "@/components/ui/empty-state";

/** Tabs of the inbox. */
export type InboxTab =
  | "waiting"
  | "submitted"
  | "in_review"
  | "approved"
  | "released"
  | "closed"
  | "denied"
  | "withdrawn"
  | "expired"
  | "all";

const sentences: Record<InboxTab, { title: string; text: string }> = {
  waiting: { title: "Nothing waits for a decision", text: "New requests appear here, the most urgent first." },
  submitted: {
    title: "No new requests",
    text: "What police, courts and others ask for appears here until an officer takes it up.",
  },
  in_review: {
    title: "Nothing is in review",
    text: "Requests that an officer has taken up stay here until the first approval.",
  },
  approved: {
    title: "No second approval is due",
    text: "After the first approval a request waits here for a different officer.",
  },
  released: {
    title: "Nothing is released",
    text: "Releases stay here until the requester confirms receipt or the time is over.",
  },
  closed: {
    title: "Nothing is closed yet",
    text: "Requests whose requester confirmed receipt, or that an officer closed, are kept here.",
  },
  denied: {
    title: "No request was denied",
    text: "Denied requests are kept here with the reason that the requester was told.",
  },
  withdrawn: { title: "No request was withdrawn", text: "Requests that their requester took back are kept here." },
  expired: {
    title: "No release has run out",
    text: "Requests whose release ended before receipt was confirmed are kept here.",
  },
  all: {
    title: "Nobody has asked for anything yet",
    text: "When a requester asks for recordings, the request appears here.",
  },
};

/** Why the inbox shows nothing, a different sentence for each tab. */
export function EmptyInbox({ tab }: { tab: InboxTab }) {
  return <EmptyState icon={Inbox} {...sentences[tab]} />;
}

/** A requester who has not asked yet. */
export function EmptyOwnRequests() {
  return (
    <EmptyState
      icon={ClipboardPen}
      title="You have not asked for anything yet"
      text="Ask for the recordings of a place and a time. You need the order as a PDF; you can follow the answer here."
    >
      <ButtonLink href="/ask" variant="primary" icon={ClipboardPen}>
        Ask for a recording
      </ButtonLink>
    </EmptyState>
  );
}
