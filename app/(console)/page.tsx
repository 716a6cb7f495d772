import type { Metadata } from "next";
import { requireContext } from "../_server/context";
import { AuditorHome } from "./home/auditor-home";
import { OperatorHome } from "./home/operator-home";
import { RequesterHome } from "./home/requester-home";

export const metadata: Metadata = { title: "Home" };

export default async function HomePage() {
  const ctx = await requireContext();
  switch (ctx.actor.role) {
    case "requester":
      return <RequesterHome ctx={ctx} />;
    case "auditor":
      return <AuditorHome ctx={ctx} />;
    case "officer":
    case "admin":
      return <OperatorHome ctx={ctx} />;
  }
}
