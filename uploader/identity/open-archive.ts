import { Archive, type Credentials } from "../http/archive.ts";
import type { Transport } from "../http/transport.ts";
import { Problem } from "../problems.ts";
import { AccessTokens } from "./access-tokens.ts";
import type { ArchiveClock } from "./archive-clock.ts";
import { type Identity, loadIdentity } from "./identity.ts";
import { keepIdentity } from "./keep-identity.ts";

/** Which archive, and as whom. */
export type ArchiveOptions = {
  /** Null: that of the identity. */
  server: string | null;
  /** Null: the identity buys tokens. */
  readToken: (() => Promise<string>) | null;
  stateFolder: string;
};

/** The archive, and what is known of this device there. */
export type OpenedArchive = {
  archive: Archive;
  /** Null: a plain token is used. */
  identity: Identity | null;
  tokens: AccessTokens | null;
};

/**
 * Opens the way to the archive: with a plain token where one is given, otherwise as the enrolled device.
 *
 * @throws Problem "usage" when neither is there
 */
export async function openArchive(
  options: ArchiveOptions,
  transport: Transport,
  clock: ArchiveClock,
): Promise<OpenedArchive> {
  const { readToken, stateFolder } = options;
  const identity = readToken === null || options.server === null ? await loadIdentity(stateFolder) : null;
  const server = options.server ?? identity?.server;
  if (server === undefined) throw new Problem("usage", "No archive is named: give --server https://archive.example.");
  if (readToken !== null)
    return {
      archive: new Archive(server, transport, { kind: "token", readToken }, clock),
      identity: null,
      tokens: null,
    };
  if (identity === null) throw new Problem("usage", "This device is not enrolled: run strongroom-uploader enrol.");
  if (server !== identity.server)
    throw new Problem(
      "usage",
      `This device is enrolled at ${identity.server}, not at ${server}. Leave --server out, or name another --state-dir.`,
    );
  const tokens = new AccessTokens({
    identity,
    transport,
    clock,
    keep: (change) => keepIdentity(stateFolder, identity, change),
  });
  const readPinned = async () => (await loadIdentity(stateFolder))?.keys ?? identity.keys;
  const credentials: Credentials = { kind: "identity", identity, tokens, readPinned };
  return { archive: new Archive(server, transport, credentials, clock), identity, tokens };
}
