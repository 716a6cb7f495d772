import { Facts } from "@/components/ui/facts";
import { formatBytes } from "@/components/ui/format";
import type { AskDraft } from "./ask-draft";
import type { AskOptions } from "./ask-fields";

/** What will be sent, to read once more. */
export function AskSummary({ draft, order, options }: { draft: AskDraft; order: File; options: AskOptions }) {
  const basis = options.bases.find(({ value }) => value === draft.legalBasis);
  const site = options.sites.find(({ id }) => id === draft.siteId);
  const words = (wall: string) => wall.replace("T", ", ");
  return (
    <Facts
      facts={[
        { label: "Place", value: draft.place, ...(site && { note: `Site ${site.name}` }) },
        {
          label: "Interval",
          value: `${words(draft.intervalFrom)} to ${words(draft.intervalUntil)}`,
          note: `in ${draft.timeZone} time`,
        },
        { label: "Legal basis", value: basis?.label ?? null, note: draft.authority },
        { label: "Reference", value: <span className="mono">{draft.reference}</span> },
        { label: "Purpose", value: <span className="whitespace-pre-line">{draft.purpose}</span> },
        { label: "Order", value: order.name, note: `PDF, ${formatBytes(order.size)}` },
      ]}
    />
  );
}
