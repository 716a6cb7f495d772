import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { exitCodes } from "../exit-codes.ts";
import { ClockFloor } from "../http/clock-floor.ts";
import { Transport, type TransportSettings, unthrottled } from "../http/transport.ts";
import {
  type Enrolled,
  type EnrolmentWish,
  enrol,
  forgetWish,
  readUnfinishedWish,
  setIdentityAside,
} from "../identity/enrolment.ts";
import { type Identity, loadIdentity } from "../identity/identity.ts";
import { currentReceiptKeys } from "../identity/pin-keys.ts";
import { Patience, sleep } from "../patience.ts";
import { Interrupted, Problem } from "../problems.ts";
import { takeLock } from "../state/process-lock.ts";

/** How `enrol` was asked for. */
export type EnrolSettings = {
  stateFolder: string;
  /** Null: go on with the one that was begun. */
  wish: EnrolmentWish | null;
  /** Wait until a person has approved, and over any trouble of the link. */
  waits: boolean;
  /** Put the identity aside that is there. */
  forcesNew: boolean;
  isJson: boolean;
  transport: TransportSettings;
};

/** A pending device asks about so often, unless the archive says otherwise. */
const pollMs = 15_000;

/** Makes a device of this machine, and says how that stands. @throws Problem */
export async function enrolCommand(
  settings: EnrolSettings,
  write: (text: string) => void,
  signal: AbortSignal,
): Promise<number> {
  const { stateFolder } = settings;
  const locks = join(stateFolder, "locks");
  await mkdir(locks, { recursive: true, mode: 0o700 }).catch(() => undefined);
  const unlock = await takeLock(locks, "identity").catch(() => {
    throw new Problem("usage", `The state folder ${stateFolder} cannot be written. Name another one with --state-dir.`);
  });
  if (unlock === null) throw new Problem("busy", `Another process changes the identity in ${stateFolder} right now.`);
  const clockFloor = await ClockFloor.open(stateFolder);
  const transport = new Transport({ ...settings.transport, clockFloor }, unthrottled);
  try {
    return await enrolOrWait(settings, transport, write, signal);
  } catch (error) {
    if (!(error instanceof Interrupted)) throw error;
    return exitCodes.interrupted;
  } finally {
    transport.close();
    await unlock();
  }
}

async function enrolOrWait(
  settings: EnrolSettings,
  transport: Transport,
  write: (text: string) => void,
  signal: AbortSignal,
): Promise<number> {
  const { stateFolder, waits } = settings;
  if (settings.forcesNew) {
    if (settings.wish === null) throw new Problem("usage", "--force-new needs a new code: give --server and --code.");
    await setIdentityAside(stateFolder);
  }
  const wish = settings.wish ?? (await readUnfinishedWish(stateFolder));
  const known = await loadIdentity(stateFolder);
  if (known !== null && isOver(known, wish)) {
    if (known.state === "active") await forgetWish(stateFolder);
    show({ identity: known, site: null }, true, settings, write);
    return exitCodes.ok;
  }
  if (wish === null)
    throw new Problem(
      "usage",
      "Nothing was begun here: give --server URL and --code CODE, or the link of the QR code.",
    );
  const patience = new Patience({ firstDelayMs: 1000, maxDelayMs: 60_000, giveUpAfterMs: null });
  let isTold = false;
  for (;;) {
    try {
      const enrolled = await enrol(wish, stateFolder, transport, signal);
      patience.progress();
      const isPending = enrolled.identity.state === "pending";
      if (!isPending || !waits) {
        show(enrolled, false, settings, write);
        return exitCodes.ok;
      }
      if (!isTold && !settings.isJson) show(enrolled, false, settings, write);
      isTold = true;
      await sleep(pollMs * (0.75 + Math.random() / 2), signal);
    } catch (error) {
      if (!waits || !(error instanceof Problem) || error.kind !== "again") throw error;
      const delayMs = patience.nextDelayMs(error);
      if (!settings.isJson) write(`${error.message} Trying again in ${Math.ceil(delayMs / 1000)} s.\n`);
      await sleep(delayMs, signal);
    }
  }
}

// @throws Problem when this would be a second identity
function isOver(known: Identity, wish: EnrolmentWish | null): boolean {
  if (wish !== null && wish.server !== known.server)
    throw new Problem(
      "usage",
      `This device is enrolled at ${known.server} already. For another archive name another --state-dir; to give that identity up for good, add --force-new.`,
    );
  return known.state === "active" || wish === null;
}

function show(
  { identity, site }: Enrolled,
  isKnown: boolean,
  { isJson }: EnrolSettings,
  write: (text: string) => void,
): void {
  const { device, name, state, server, kid, keys } = identity;
  const receiptKeys = currentReceiptKeys(keys);
  if (isJson) {
    const said = { device, name, state, server, site, keyThumbprint: kid, receiptKeys, isNew: !isKnown };
    write(`${JSON.stringify(said)}\n`);
    return;
  }
  const where = site === null ? "" : `, at ${site.name}`;
  const lines = isKnown
    ? [`This device is enrolled already: ${device} (${name}) at ${server}.`]
    : [`Enrolled as ${device} (${name}${where}) at ${server}.`, `Its key: ${kid}`];
  lines.push(`The archive's receipt key: ${receiptKeys.join(", ") || "none"}`);
  if (state === "pending")
    lines.push("An administrator has to approve it. The daemon may be started: it waits for that by itself.");
  write(`${lines.join("\n")}\n`);
}
