import { createHash } from "node:crypto";
import { basename } from "node:path";
import { fileNameProblem, maxSidecarBytes, type Sha256Hex, sidecarMediaType } from "../../lib/protocol/index.ts";
import { type FileIdentity, identityOf, isSameIdentity, openRegularFile } from "../file-identity.ts";
import { messageOf } from "../problems.ts";
import { type CaptureHints, noHints } from "./capture-hints.ts";
import { gpxProblem } from "./gpx.ts";
import { readMetadataSidecar } from "./metadata.ts";

/** A sidecar that goes along with its recording. */
export type SidecarFile = {
  path: string;
  name: string;
  identity: FileIdentity;
  sizeBytes: number;
  sha256: Sha256Hex;
  /** What it says about the recording. */
  hints: CaptureHints;
};

/** A sidecar that cannot go along, and why; it never holds up its recording. */
export type SidecarProblem = { path: string; name: string; problem: string };

/**
 * Reads a sidecar and checks that it is what its ending says: a JSON object of the shape in docs/devices.md, a GPX
 * 1.1 track, or WebVTT.
 */
export async function checkSidecar(path: string): Promise<SidecarFile | SidecarProblem> {
  const name = basename(path);
  const bad = (problem: string): SidecarProblem => ({ path, name, problem });
  const nameProblem = fileNameProblem(name);
  if (nameProblem !== null) return bad(`its name ${nameProblem}`);
  try {
    const handle = await openRegularFile(path);
    try {
      const identity = identityOf(await handle.stat());
      if (identity.sizeBytes > maxSidecarBytes) return bad(`it has more than ${maxSidecarBytes} bytes`);
      const bytes = Buffer.alloc(identity.sizeBytes);
      const { bytesRead } = await handle.read(bytes, 0, bytes.length, 0);
      if (bytesRead !== bytes.length || !isSameIdentity(identityOf(await handle.stat()), identity))
        return bad("it changed while it was read");
      // What is described must still be there after a power cut.
      await handle.sync().catch(() => undefined);
      const read = checkContent(name, bytes);
      if (typeof read === "string") return bad(read);
      const sha256 = createHash("sha256").update(bytes).digest("hex") as Sha256Hex; // 32 bytes
      return { path, name, identity, sizeBytes: bytes.length, sha256, hints: read };
    } finally {
      await handle.close();
    }
  } catch (error) {
    return bad(messageOf(error));
  }
}

function checkContent(name: string, bytes: Buffer): CaptureHints | string {
  let text: string;
  try {
    text = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    return "it is not UTF-8";
  }
  const mediaType = sidecarMediaType(name);
  if (mediaType === "application/json") return readMetadataSidecar(text);
  // https://www.w3.org/TR/webvtt1/#file-structure: "WEBVTT", then nothing, or a space, tab or line end.
  if (mediaType === "text/vtt") return /^WEBVTT(?:[ \t\r\n]|$)/.test(text) ? noHints : "it does not begin with WEBVTT";
  return gpxProblem(text) ?? noHints;
}
