import type { DeviceRecordingView } from "../../lib/protocol/index.ts";
import { sleep } from "../patience.ts";
import { Problem } from "../problems.ts";
import type { FileRecord } from "../state/file-record.ts";
import { persist } from "./persist.ts";
import type { RecordKeeper } from "./record-keeper.ts";
import { sendSidecars } from "./send-sidecars.ts";
import type { World } from "./world.ts";

const firstPollMs = 200;
const maxPollMs = 10_000;

/**
 * Asks until the archive has sealed or quarantined the recording, and believes a seal only when it is on our very
 * SHA-256.
 *
 * @throws Problem "refused" when it is quarantined or sealed with another digest, "gave_up" when it stays undecided
 */
export async function awaitSeal(keeper: RecordKeeper, world: World): Promise<"sealed" | "disposed"> {
  let pollMs = firstPollMs;
  let stateBefore: string | null = null;
  return persist(
    world,
    keeper.record.file,
    async (attempt) => {
      for (;;) {
        const { state, verdict } = await askForSeal(keeper, world);
        if (stateBefore !== state) attempt.progress();
        stateBefore = state;
        if (verdict !== "undecided") return verdict;
        attempt.check(`The archive has not sealed ${keeper.record.recording} yet.`);
        await sleep(pollMs * (0.75 + Math.random() / 2), world.signal);
        pollMs = Math.min(pollMs * 1.5, maxPollMs);
      }
    },
    async (problem, retryAt) => {
      keeper.note({ problem: problem.message, retryAt: retryAt.toISOString() });
      await keeper.flush();
    },
  );
}

/**
 * Brings the sidecars and asks once what has become of a recording; a seal is noted durably.
 *
 * @throws Problem "refused" when it is quarantined or sealed with another digest
 */
export async function askForSeal(
  keeper: RecordKeeper,
  world: World,
): Promise<{ state: DeviceRecordingView["state"]; verdict: "sealed" | "disposed" | "undecided" }> {
  const { recording } = keeper.record;
  if (recording === null)
    throw new Problem("refused", "The archive took every byte but named no recording. Is it a Strongroom archive?");
  await sendSidecars(keeper, world);
  const view = await world.archive.getRecording(recording, world.signal);
  const verdict = verdictOn(view, keeper.record);
  if (verdict !== "undecided") await keeper.save({ phase: "sealed", problem: null, retryAt: null });
  return { state: view.state, verdict };
}

/**
 * What the archive's word on a recording means for the file.
 *
 * @throws Problem "refused"
 */
function verdictOn(view: DeviceRecordingView, record: Readonly<FileRecord>): "sealed" | "disposed" | "undecided" {
  if (view.state === "quarantined")
    throw new Problem(
      "refused",
      `The archive quarantined ${view.id}: ${view.quarantineReason ?? "no reason given"}. The file is kept.`,
    );
  if (view.state === "receiving" || view.state === "received") return "undecided";
  if (view.sha256?.toLowerCase() !== record.sha256)
    throw new Problem(
      "refused",
      `The archive sealed ${view.id} with the SHA-256 ${view.sha256 ?? "unknown"}, this file has ${record.sha256}. The file is kept.`,
    );
  return view.state;
}
