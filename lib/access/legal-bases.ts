import type { LegalBasis, OrganisationKind } from "../../generated/prisma/client.ts";

type LegalBasisRule = {
  /** Plain words for screens. */
  label: string;
  /** One sentence that tells a requester when this is the right one. */
  hint: string;
  /** Kinds of organisation whose people may claim it. */
  claimableBy: readonly OrganisationKind[];
  /** Hours from submission until an answer is due. */
  answerWithinHours: number;
};

const day = 24;

/**
 * What a requester may rely on. Deadlines of orders and emergencies follow the shape of Regulation (EU) 2023/1543,
 * article 10 (10 days, 8 hours); access by a person to their own data follows GDPR article 12(3) (one month).
 * The operator claims nothing: its people read recordings under a stated purpose instead.
 */
export const legalBases = {
  judicial_order: {
    label: "Judicial order",
    hint: "A court or judge ordered the recordings to be handed over.",
    claimableBy: ["court", "prosecution", "police"],
    answerWithinHours: 10 * day,
  },
  warrant: {
    label: "Warrant",
    hint: "A judge authorised a search or seizure that covers the recordings.",
    claimableBy: ["court", "prosecution", "police"],
    answerWithinHours: 10 * day,
  },
  prosecution_order: {
    label: "Prosecution order",
    hint: "A prosecutor ordered the recordings to be handed over.",
    claimableBy: ["prosecution", "police"],
    answerWithinHours: 10 * day,
  },
  police_request: {
    label: "Police request",
    hint: "The police ask in an investigation of their own, without an order of a judge or prosecutor.",
    claimableBy: ["police"],
    answerWithinHours: 10 * day,
  },
  emergency: {
    label: "Emergency",
    hint: "Somebody's life, body or freedom is in danger now.",
    claimableBy: ["police", "prosecution", "court"],
    answerWithinHours: 8,
  },
  insurance_claim: {
    label: "Insurance claim",
    hint: "A claim that the recordings help to settle.",
    claimableBy: ["insurer"],
    answerWithinHours: 30 * day,
  },
  data_subject_access: {
    label: "Access to one's own data",
    hint: "A person asks for recordings of themself.",
    claimableBy: ["data_subject"],
    answerWithinHours: 30 * day,
  },
} as const satisfies Record<LegalBasis, LegalBasisRule>;

/** One legal basis as a form offers it. */
export type LegalBasisOption = { value: LegalBasis; label: string; hint: string; answerWithinHours: number };

/** The legal bases that people of one kind of organisation may claim, in the order in which a form shows them. */
export function legalBasesFor(kind: OrganisationKind): LegalBasisOption[] {
  return Object.entries<LegalBasisRule>(legalBases)
    .filter(([, rule]) => rule.claimableBy.includes(kind))
    .map(([value, { label, hint, answerWithinHours }]) => ({
      value: value as LegalBasis, // Object.entries widens the keys of a table keyed by LegalBasis
      label,
      hint,
      answerWithinHours,
    }));
}

/** Whether people of this kind of organisation may claim this basis. */
export function mayClaim(kind: OrganisationKind, basis: LegalBasis): boolean {
  return (legalBases[basis] as LegalBasisRule).claimableBy.includes(kind);
}

/** By when an answer to a request submitted at `submittedAt` is due. */
export function answerBy(basis: LegalBasis, submittedAt: Date): Date {
  return new Date(submittedAt.getTime() + legalBases[basis].answerWithinHours * 3_600_000);
}
