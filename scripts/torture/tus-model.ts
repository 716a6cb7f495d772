/** How a request states a checksum. */
export type ChecksumKind = "none" | "right" | "wrong" | "unknown";

/** What devices do, in numbers that mean something whatever uploads there are. */
export type Step =
  | {
      kind: "create";
      device: number;
      length: number | null;
      /** Null: no body. */
      bodyBytes: number | null;
      checksum: ChecksumKind;
      isContradictory: boolean;
    }
  | {
      kind: "patch";
      upload: number;
      isStranger: boolean;
      /** Added to the right offset; 0: right. */
      offsetBy: number;
      /** "rest": what is left of the length, where that is known. */
      bodyBytes: number | "rest";
      checksum: ChecksumKind;
      /** Upload-Length beside the body; null: none. "right": what the upload has, or what it will have with this body. */
      length: number | "right" | null;
      isOverridden: boolean;
      isWrongType: boolean;
    }
  | { kind: "cut"; upload: number; bodyBytes: number }
  | { kind: "head" | "delete"; upload: number; isStranger: boolean }
  | { kind: "month" };

/** An upload as the specification and docs/protocol.md say it must be. */
export type ModelUpload = {
  device: number;
  length: number | null;
  offset: number;
  state: "open" | "complete" | "terminated";
};

/** What must be answered. */
export type Expected = { status: number; offset?: number; length?: number | null };

type Create = Extract<Step, { kind: "create" }>;
type Patch = Omit<Extract<Step, { kind: "patch" }>, "bodyBytes"> & { bodyBytes: number };

function grow(upload: ModelUpload, bytes: number): void {
  upload.offset += bytes;
  if (upload.offset === upload.length) upload.state = "complete";
}

/**
 * An upload that a device announces, maybe with its first bytes; null when it must not come into being.
 */
export function modelCreate(step: Create): { expected: Expected; upload: ModelUpload | null } {
  if (step.isContradictory) return { expected: { status: 400 }, upload: null };
  if (step.bodyBytes !== null && step.checksum === "unknown") return { expected: { status: 400 }, upload: null };
  const upload: ModelUpload = { device: step.device, length: step.length, offset: 0, state: "open" };
  if (step.length === 0) upload.state = "complete";
  if (step.bodyBytes === null) return { expected: { status: 201 }, upload };
  if (step.bodyBytes > (step.length ?? Number.POSITIVE_INFINITY)) return { expected: { status: 413 }, upload };
  if (step.checksum === "wrong") return { expected: { status: 460, offset: 0 }, upload };
  grow(upload, step.bodyBytes);
  return { expected: { status: 201, offset: upload.offset }, upload };
}

/** A step with the number of bytes that it sends to this upload. */
export function sized(upload: ModelUpload, one: Extract<Step, { kind: "patch" }>): Patch {
  const rest = upload.length === null ? 100 : upload.length - upload.offset;
  return { ...one, bodyBytes: one.bodyBytes === "rest" ? rest : one.bodyBytes };
}

/** The length that a PATCH states; null: none. */
export function statedLength(upload: ModelUpload, { length, bodyBytes }: Patch): number | null {
  return length === "right" ? (upload.length ?? upload.offset + bodyBytes) : length;
}

/** Changes the upload as a PATCH must, and says how it must be answered. */
export function modelPatch(upload: ModelUpload, step: Patch): Expected {
  const { bodyBytes, checksum } = step;
  if (step.isWrongType) return { status: 415 };
  if (upload.offset + step.offsetBy < 0 || checksum === "unknown") return { status: 400 };
  if (step.isStranger) return { status: 404 };
  if (upload.state === "terminated") return { status: 410 };
  if (step.offsetBy !== 0) return { status: 409, offset: upload.offset };
  const length = statedLength(upload, step);
  const isNewLength = length !== null && length !== upload.length;
  if (isNewLength && (upload.length !== null || length < upload.offset)) return { status: 400 };
  // "Once set the length MUST NOT be changed": it is set with this request, but not by a body whose checksum is wrong.
  if (isNewLength && checksum === "none") upload.length = length;
  const left = ((isNewLength ? length : upload.length) ?? Number.POSITIVE_INFINITY) - upload.offset;
  if (bodyBytes > left) return { status: 413 };
  if (checksum === "wrong") return { status: 460, offset: upload.offset };
  if (isNewLength) upload.length = length;
  if (upload.state === "open") grow(upload, bodyBytes);
  return { status: 204, offset: upload.offset };
}

/** How a HEAD must be answered. */
export function modelHead(upload: ModelUpload, isStranger: boolean): Expected {
  if (isStranger) return { status: 404 };
  if (upload.state === "terminated") return { status: 410 };
  return { status: 200, offset: upload.offset, length: upload.length };
}

/** Ends an upload as a DELETE must: what is complete is evidence and stays. */
export function modelDelete(upload: ModelUpload, isStranger: boolean): Expected {
  if (isStranger) return { status: 404 };
  if (upload.state === "terminated") return { status: 410 };
  if (upload.state === "complete") return { status: 403 };
  upload.state = "terminated";
  return { status: 204 };
}
