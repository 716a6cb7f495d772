import { IdText } from "@/components/ui/digest";
import { Link } from "@/components/ui/link";
import type { CustodyEventRow } from "@/lib/custody/types";

type Subject = { label: string; id: string; href: string | null };

/** What an event is about, most telling first; with the page of each where there is one. */
export function subjectsOf(event: CustodyEventRow): Subject[] {
  const all: (Omit<Subject, "id"> & { id: string | null })[] = [
    { label: "Recording", id: event.recordingId, href: `/recordings/${event.recordingId}` },
    { label: "Request", id: event.requestId, href: `/requests/${event.requestId}` },
    { label: "Release", id: event.releaseId, href: null },
    { label: "Device", id: event.deviceId, href: `/devices/${event.deviceId}` },
    { label: "Account", id: event.accountId, href: `/people?selected=${event.accountId}` },
  ];
  return all.flatMap(({ id, ...subject }) => (id === null ? [] : [{ ...subject, id }]));
}

/** A subject as a link to its page. */
export function SubjectLink({ subject }: { subject: Subject }) {
  const text = <IdText id={subject.id} />;
  if (subject.href === null) return text;
  return (
    <Link href={subject.href} className="hover:underline">
      {text}
    </Link>
  );
}
