import type { LegalBasis, MatchDecision, OrganisationKind, RequestState } from "../../generated/prisma/client.ts";
import type { RecordingRow } from "../recordings/types.ts";

/** One request in a list. */
export type RequestRow = {
  id: string;
  state: RequestState;
  requester: {
    id: string;
    name: string;
    badge: string | null;
    organisation: string;
    organisationKind: OrganisationKind;
  };
  place: string;
  site: { id: string; name: string; timeZone: string } | null;
  intervalFrom: Date;
  intervalUntil: Date;
  timeZone: string;
  legalBasis: LegalBasis;
  authority: string;
  reference: string;
  purpose: string;
  createdAt: Date;
  answerBy: Date;
  /** Valid approvals, 0 to 2. */
  approvals: number;
  /** Recordings decided as included. */
  includedCount: number;
};

/** One recording in a request: found by place and interval, or decided before. */
export type MatchRow = {
  recording: RecordingRow;
  /** Null: found, and nobody has decided. */
  decision: MatchDecision | null;
  reason: string | null;
  decidedBy: string | null;
  decidedAt: Date | null;
};

/** Why each step may or may not be taken now; null: may. */
export type RequestCan = {
  open: string | null;
  match: string | null;
  approve: string | null;
  deny: string | null;
  withdraw: string | null;
  withdrawRelease: string | null;
  close: string | null;
};

/** One request, whole. */
export type RequestDetail = RequestRow & {
  revision: number;
  order: { fileName: string; sizeBytes: number; sha256: string };
  denialReason: string | null;
  endedAt: Date | null;
  /** Empty for the requester until the release. */
  matches: MatchRow[];
  approvalsGiven: {
    ordinal: number;
    approver: { id: string; name: string };
    approvedAt: Date;
    scopeSha256: string;
    voidedAt: Date | null;
  }[];
  release: ReleaseView | null;
  can: RequestCan;
};

/** A release as its requester sees it. */
export type ReleaseView = {
  id: string;
  requestId: string;
  openedAt: Date;
  openUntil: Date;
  withdrawnAt: Date | null;
  withdrawReason: string | null;
  /** Whether bytes may be fetched now. */
  isOpen: boolean;
  recordings: (RecordingRow & { sha256: string; contentPath: string })[];
  /** Asked for, and not given. */
  unavailable: { recordingId: string; reason: string }[];
};
