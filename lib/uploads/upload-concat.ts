import { AppError } from "../errors.ts";
import { parseId } from "../ids.ts";
import { uploadsPath } from "../protocol/index.ts";

/** What Upload-Concat says of a new upload (tus 1.0, Concatenation). */
export type UploadConcat =
  | { kind: "part" }
  /** The header as it came, and the ids of the parts in the order in which they follow each other. */
  | { kind: "final"; header: string; partIds: readonly string[] };

/** More would not fit into a header anyway. */
const maxParts = 1000;

function refuse(message: string): AppError {
  return new AppError("invalid_input", message, { field: "Upload-Concat" });
}

/**
 * Reads Upload-Concat: `partial`, or "`final` followed by a semicolon and a space-separated list of partial upload
 * URLs", which "MAY be absolute or relative and MUST NOT contain spaces" (Upload-Concat). What host an absolute one
 * names does not matter: an archive has several names, and only its own ids lead to a part.
 *
 * @throws AppError invalid_input
 */
export function parseUploadConcat(header: string): UploadConcat {
  if (header === "partial") return { kind: "part" };
  const [, list = null] = /^final; *(.*)$/.exec(header) ?? [];
  if (list === null) throw refuse("Upload-Concat is partial, or final; and the addresses of the parts.");
  const partIds = list
    .split(" ")
    .filter((url) => url !== "")
    .map(partIdOf);
  if (partIds.length === 0) throw refuse("Upload-Concat names no part.");
  if (partIds.length > maxParts) throw refuse(`Upload-Concat names more than ${maxParts} parts.`);
  if (new Set(partIds).size < partIds.length) throw refuse("Upload-Concat names a part twice.");
  return { kind: "final", header, partIds };
}

function partIdOf(url: string): string {
  const path = URL.canParse(url, `http://archive${uploadsPath}`)
    ? new URL(url, `http://archive${uploadsPath}`).pathname
    : "";
  const id = path.startsWith(`${uploadsPath}/`) ? parseId("upload", path.slice(uploadsPath.length + 1)) : null;
  if (id === null) throw refuse(`Upload-Concat names ${url.slice(0, 200)}, which is no upload here.`);
  return id;
}
