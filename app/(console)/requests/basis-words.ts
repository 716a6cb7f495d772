import type { BasisWords } from "@/components/requests/inbox-table";
import { legalBases } from "@/lib/access/index.ts";

const entries = Object.entries(legalBases).map(([basis, { label }]) => [basis, label]);

/** The label of every legal basis, for tables and letters. */
export const basisWords = Object.fromEntries(entries) as BasisWords; // one entry for every key of the table
