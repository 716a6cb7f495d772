import type {
  DigestOriginator,
  LegalBasis,
  MatchDecision,
  OrganisationKind,
  RequestState,
} from "../../generated/prisma/client.ts";
import type { CustodyAction } from "../custody/index.ts";
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
  /** Recordings decided as included. 0 for a requester, who learns of them by the release. */
  includedCount: number;
  /** Recordings found at the place and time or decided about, counted up to 200. 0 for a requester. */
  foundCount: number;
};

/** One page of requests. */
export type RequestList = {
  rows: RequestRow[];
  /** Opaque; null: this is the last page. */
  nextCursor: string | null;
  /** Of all the caller may see, whatever the filter. */
  countByState: Record<RequestState, number>;
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

/** Candidates and decisions of one request, in order of start. */
export type Matches = {
  rows: MatchRow[];
  /** False: more were recorded then than one answer holds; narrow the place. */
  isComplete: boolean;
};

/** One act that moved a request, without who did it. */
export type RequestStep = { action: CustodyAction; at: Date };

/** Why each step may or may not be taken now; null: may. */
export type RequestCan = {
  open: string | null;
  match: string | null;
  approve: string | null;
  withdrawApproval: string | null;
  deny: string | null;
  withdraw: string | null;
  withdrawRelease: string | null;
  close: string | null;
};

/** One request, whole. */
export type RequestDetail = RequestRow & {
  revision: number;
  order: { fileName: string; sizeBytes: number; sha256: string; isReadByCaller: boolean };
  denialReason: string | null;
  endedAt: Date | null;
  steps: RequestStep[];
  /** Found at the place and time, or decided about. Empty for the requester, who has `release`. */
  matches: MatchRow[];
  isMatchesComplete: boolean;
  /** What an approval must name now (lib/access/scope.ts). Null: nothing is included; or for the requester. */
  scopeSha256: string | null;
  /** Voided ones too, in order. Empty for the requester. */
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

/** One recording of a release, with the digest to check it by. */
export type ReleasedRecording = RecordingRow & {
  sha256: string;
  digestOriginator: DigestOriginator;
  contentPath: string;
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
  recordings: ReleasedRecording[];
  /** Asked for, and not given. */
  unavailable: { recordingId: string; reason: string }[];
};
