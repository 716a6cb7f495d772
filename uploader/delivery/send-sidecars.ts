import { createHash } from "node:crypto";
import { readSmallFile } from "../file-identity.ts";
import { Problem } from "../problems.ts";
import type { SidecarNote } from "../state/file-record.ts";
import type { RecordKeeper } from "./record-keeper.ts";
import type { World } from "./world.ts";

/** A wrong digest may be the link's fault; the same bytes so often refused are not. */
const mismatchAttempts = 3;

/**
 * Brings the files beside a recording, which its manifest names. One that is gone, has changed, or is refused for good
 * cannot be brought; that is told, it stays where it is, and it holds up nothing.
 *
 * @throws Problem
 */
export async function sendSidecars(keeper: RecordKeeper, world: World): Promise<void> {
  const { recording } = keeper.record;
  for (const sidecar of keeper.record.sidecars) {
    if (sidecar.isDelivered || sidecar.isLeft || recording === null) continue;
    const outcome = await bring(sidecar, recording, world);
    // The question about the recording itself, which comes next, says what is to be done.
    if (outcome === "unknown") return;
    if (outcome !== "delivered") {
      const message = `The sidecar ${sidecar.name} does not travel and stays here: ${outcome.left}`;
      world.report({ event: "notice", file: keeper.record.file, message });
    }
    const change = outcome === "delivered" ? { isDelivered: true } : { isLeft: true };
    const { sidecars } = keeper.record;
    await keeper.save({ sidecars: sidecars.map((one) => (one === sidecar ? { ...one, ...change } : one)) });
  }
}

type Outcome = "delivered" | "unknown" | { left: string };

async function bring(sidecar: SidecarNote, recording: string, world: World): Promise<Outcome> {
  const bytes = await readSidecar(sidecar);
  if (bytes === null) return { left: "it is not what it was when the recording was described." };
  for (let attempt = 1; ; attempt++) {
    try {
      await world.archive.putSidecar(recording, sidecar.name, bytes, world.signal);
      return "delivered";
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      if (error.kind === "restart") return "unknown";
      if (error.code === "checksum_mismatch" && attempt < mismatchAttempts) continue;
      const isForGood = error.kind === "refused" || error.code === "checksum_mismatch" || error.code === "conflict";
      if (!isForGood) throw error;
      return { left: error.message };
    }
  }
}

/** The bytes of a sidecar that is what it was when it was described; null: it is not. */
export async function readSidecar({ file, sizeBytes, sha256 }: SidecarNote): Promise<Buffer | null> {
  const bytes = await readSmallFile(file, sizeBytes);
  return bytes !== null && createHash("sha256").update(bytes).digest("hex") === sha256 ? bytes : null;
}
