import { createHash } from "node:crypto";
import { readSmallFile } from "../file-identity.ts";
import { Problem } from "../problems.ts";
import type { SidecarNote } from "../state/file-record.ts";
import type { RecordKeeper } from "./record-keeper.ts";
import type { World } from "./world.ts";

/**
 * Brings the files beside a recording, which its manifest names. One that is gone or has changed cannot be brought any
 * more; that is told, and holds up nothing.
 *
 * @throws Problem
 */
export async function sendSidecars(keeper: RecordKeeper, world: World): Promise<void> {
  const { recording } = keeper.record;
  for (const sidecar of keeper.record.sidecars) {
    if (sidecar.isDelivered || recording === null) continue;
    const bytes = await readSidecar(sidecar);
    if (bytes === null) {
      const message = `The sidecar ${sidecar.name} is not what it was when the recording was described; it does not travel.`;
      world.report({ event: "notice", file: keeper.record.file, message });
    } else
      await world.archive.putSidecar(recording, sidecar.name, bytes, world.signal).catch((error: unknown) => {
        // Only the upload itself is ever begun anew.
        if (error instanceof Problem && (error.kind === "restart" || error.kind === "refused"))
          throw new Problem("again", error.message, { cause: error, code: error.code });
        throw error;
      });
    const { sidecars } = keeper.record;
    await keeper.save({ sidecars: sidecars.map((one) => (one === sidecar ? { ...one, isDelivered: true } : one)) });
  }
}

/** The bytes of a sidecar that is what it was when it was described; null: it is not. */
export async function readSidecar({ file, sizeBytes, sha256 }: SidecarNote): Promise<Buffer | null> {
  const bytes = await readSmallFile(file, sizeBytes);
  return bytes !== null && createHash("sha256").update(bytes).digest("hex") === sha256 ? bytes : null;
}
