import { answer } from "@/app/_server/context";
import { listAccounts, listOrganisations } from "@/lib/people/index.ts";

/** All accounts and organisations. */
export function GET(request: Request): Promise<Response> {
  return answer(request, async (ctx) => ({
    accounts: await listAccounts(ctx),
    organisations: await listOrganisations(ctx),
  }));
}
