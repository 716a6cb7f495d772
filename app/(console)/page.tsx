import { CircleCheckBig } from "lucide-react";
import type { Metadata } from "next";
import { WorkList } from "@/components/home/work-list";
import { EmptyState } from "@/components/ui/empty-state";
import { plural } from "@/components/ui/format";
import { PageHeader } from "@/components/ui/page-header";
import { requireContext } from "../_server/context";
import { findWork } from "../_server/work";
import { HomeAside } from "./home-aside";

export const metadata: Metadata = { title: "Home" };

export default async function HomePage() {
  const ctx = await requireContext();
  const work = await findWork(ctx);
  const firstName = ctx.actor.name.split(" ")[0];
  return (
    <>
      <PageHeader
        title={work.length === 0 ? `All done, ${firstName}` : "Waiting for you"}
        note={
          work.length > 0 && <span className="text-muted">{plural(work.length, "thing")}, soonest deadline first</span>
        }
      />
      <div className="grid shrink-0 items-start gap-3.5 px-4 pb-8 md:px-6 xl:grid-cols-[minmax(0,2fr)_minmax(0,1fr)]">
        <section className="min-w-0 rounded-lg border border-line bg-surface">
          {work.length === 0 ? (
            <EmptyState icon={CircleCheckBig} title="Nothing is waiting for you" text={emptyTexts[ctx.actor.role]} />
          ) : (
            <WorkList items={work} />
          )}
        </section>
        <HomeAside ctx={ctx} />
      </div>
    </>
  );
}

const emptyTexts = {
  officer: "No request is open, every upload is moving, and every device has called within a day.",
  admin: "Every device has called within a day, no upload has stalled, and nobody has an open invitation.",
  auditor: "An auditor has no queue. The newest custody events are beside this.",
  requester: "When a recording that you asked for is released, it appears here.",
} as const;
