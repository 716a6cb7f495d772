import type { OrganisationRow } from "@/lib/people/types";

/** What each kind of organisation is called. */
export const organisationKinds: Record<OrganisationRow["kind"], string> = {
  operator: "Operator of this archive",
  police: "Police",
  prosecution: "Prosecution",
  court: "Court",
  insurer: "Insurer",
  data_subject: "Data subject",
};
