import { followKeys, keySetPath, parseKeySet } from "../../lib/protocol/index.ts";
import { exitCodes } from "../exit-codes.ts";
import { problemOf } from "../http/answers.ts";
import { Transport, type TransportSettings, unthrottled } from "../http/transport.ts";
import { loadIdentity } from "../identity/identity.ts";
import { keepIdentity } from "../identity/keep-identity.ts";
import { currentReceiptKeys, pinKeys } from "../identity/pin-keys.ts";
import { Problem } from "../problems.ts";

/** How `trust` was asked for. */
export type TrustSettings = {
  stateFolder: string;
  /** Thumbprint of a receipt key; null: only show what is. */
  pin: string | null;
  isJson: boolean;
  transport: TransportSettings;
};

/**
 * Shows which receipt keys of the archive are believed, or believes one more that the operator names: the way out when
 * the archive has a new key that no earlier one has endorsed. A daemon that runs takes it over by itself.
 *
 * @throws Problem
 */
export async function trustCommand(
  settings: TrustSettings,
  write: (text: string) => void,
  signal: AbortSignal,
): Promise<number> {
  const { stateFolder, pin } = settings;
  const identity = await loadIdentity(stateFolder);
  if (identity === null)
    throw new Problem("usage", "This device is not enrolled, so it pins no keys. Run strongroom-uploader enrol first.");
  const shown = await fetchKeys(identity.server, settings.transport, signal);
  if (pin !== null) {
    const pinned = pinKeys(shown, pin);
    const known = followKeys(identity.keys, shown);
    identity.keys = [...known, ...pinned.filter(({ kid }) => !known.some((key) => key.kid === kid))];
    await keepIdentity(stateFolder, identity, "changed");
  }
  const believed = new Set(followKeys(identity.keys, shown).map(({ kid }) => kid));
  const current = currentReceiptKeys(shown).map((kid) => ({ kid, isTrusted: believed.has(kid) }));
  if (settings.isJson) write(`${JSON.stringify({ server: identity.server, receiptKeys: current })}\n`);
  else
    for (const { kid, isTrusted } of current)
      write(`${kid}  ${isTrusted ? "trusted" : "NOT trusted: compare it with the archive's, then trust --pin it"}\n`);
  return current.every(({ isTrusted }) => isTrusted) ? exitCodes.ok : exitCodes.failed;
}

async function fetchKeys(server: string, settings: TransportSettings, signal: AbortSignal) {
  const transport = new Transport(settings, unthrottled);
  try {
    const url = `${server}${keySetPath}`;
    const answer = await transport.send({ method: "GET", url, headers: { Accept: "application/json" } }, signal);
    if (answer.status !== 200) throw problemOf(answer, "publish its keys");
    return parseKeySet(JSON.parse(answer.body));
  } finally {
    transport.close();
  }
}
