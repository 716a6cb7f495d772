import packageJson from "../../package.json" with { type: "json" };
import { askHead } from "../chain/ask-head.ts";
import { Chain } from "../chain/chain.ts";
import { askDaemon } from "../control/control-socket.ts";
import { clockFacts } from "../delivery/manifest-facts.ts";
import { exitCodes } from "../exit-codes.ts";
import { ClockFloor } from "../http/clock-floor.ts";
import { Transport, type TransportSettings, unthrottled } from "../http/transport.ts";
import { ArchiveClock } from "../identity/archive-clock.ts";
import { openArchive } from "../identity/open-archive.ts";
import { rotateKey } from "../identity/rotate-key.ts";
import { Problem } from "../problems.ts";
import { StateStore } from "../state/state-store.ts";

/** How `rotate-key` was asked for. */
export type RotateKeySettings = { stateFolder: string; isJson: boolean; transport: TransportSettings };

/** A daemon answers within ten seconds, or has begun and goes on by itself. */
const daemonTimeoutMs = 12_000;

/** Gives this device another key: by the daemon where one runs, otherwise by itself. @throws Problem */
export async function rotateKeyCommand(
  settings: RotateKeySettings,
  write: (text: string) => void,
  signal: AbortSignal,
): Promise<number> {
  const answer = await askDaemon(settings.stateFolder, { do: "rotate-key" }, daemonTimeoutMs);
  if (answer?.ok === false) throw new Problem("again", answer.problem);
  const kid = answer === null ? await rotateAlone(settings, signal) : String(answer.kid);
  const isOver = answer === null || answer.isOver === true;
  if (settings.isJson) write(`${JSON.stringify({ keyThumbprint: kid, isOver })}\n`);
  else
    write(
      isOver
        ? `This device's key is ${kid} from now on.\n`
        : `This device signs with ${kid} from now on; the daemon tells the archive as soon as it can be reached.\n`,
    );
  return exitCodes.ok;
}

async function rotateAlone({ stateFolder, ...settings }: RotateKeySettings, signal: AbortSignal): Promise<string> {
  const clockFloor = await ClockFloor.open(stateFolder);
  const clock = new ArchiveClock();
  const transport = new Transport({ ...settings.transport, clockFloor }, unthrottled);
  const store = await StateStore.open(stateFolder);
  try {
    const opened = await openArchive({ server: null, readToken: null, stateFolder }, transport, clock);
    const { archive, identity, tokens } = opened;
    if (identity === null || tokens === null)
      throw new Problem("usage", "This device is not enrolled: run strongroom-uploader enrol.");
    const chain = await Chain.open({
      store,
      identity,
      clock: () => clockFacts(clock),
      askHead: () => askHead(archive, packageJson.version, signal),
    });
    return await rotateKey({ identity, tokens, stateFolder, hold: (act) => chain.hold(act) }, signal);
  } finally {
    transport.close();
    await store.close();
  }
}
