import { readdir, readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { type ArchiveKey, ProtocolError, uploadsPath, verifyReceipt } from "../../lib/protocol/index.ts";
import { readFleetRecord } from "../fleet/fleet-record.ts";
import { bodyOf } from "../http/answers.ts";
import type { Archive } from "../http/archive.ts";
import type { Transport } from "../http/transport.ts";
import type { ArchiveClock } from "../identity/archive-clock.ts";
import type { Identity } from "../identity/identity.ts";
import { Problem } from "../problems.ts";
import { durationInWords, sizeInWords } from "../report/words.ts";
import { StateView } from "../state/state-store.ts";
import { type Check, fail, pass, skip, warn } from "./check.ts";

/** Enough to meet a proxy that limits or keeps bodies; little enough for a link that costs. */
const probeBytes = 256 * 1024;
const timeoutMs = 60_000;
/** More than this, and times in the archive look wrong to people. */
const clockToleranceMs = 60_000;

/** What the checks of the archive need. */
export type ArchiveSubject = {
  archive: Archive;
  transport: Pick<Transport, "send">;
  identity: Identity | null;
  clock: ArchiveClock;
  stateFolder: string;
};

/** The archive itself: reached, token, a body that goes up, clock, heartbeats, keys, receipts. */
export function archiveChecks(subject: ArchiveSubject): Check[] {
  const { archive, transport, identity, clock, stateFolder } = subject;
  const signal = () => AbortSignal.timeout(timeoutMs);
  let keys: ArchiveKey[] = [];
  return [
    {
      name: "archive",
      needs: ["connection", "encryption"],
      look: async () => {
        const url = `${archive.server}${uploadsPath}`;
        try {
          const { status, headers } = await transport.send({ method: "OPTIONS", url, headers: {} }, signal());
          if (headers["tus-version"] !== undefined)
            return pass(`${archive.server} is one (tus ${headers["tus-version"]})`);
          return fail(`${url} answers ${status}, and is no archive`, "Is the address right, also its path?");
        } catch (error) {
          if (error instanceof Problem && error.reason === "captive_portal")
            return fail(error.message, "Sign in to this network once, or use another one.");
          throw error;
        }
      },
    },
    {
      name: "token",
      needs: ["archive"],
      look: async () => {
        // Going on with it is the daemon's matter; two would disturb each other.
        if (identity !== null && identity.previous !== null) return skip("needs the change of the device's key to end");
        const who = identity === null ? "a plain token" : `${identity.name} (${identity.device})`;
        try {
          // Answered from what is there; nothing is written for it.
          await archive.getConfig(null, signal());
          return pass(`${who} is admitted`);
        } catch (error) {
          if (!(error instanceof Problem) || error.kind !== "authentication")
            return error instanceof Problem && error.kind === "restart"
              ? skip("this archive is older than its settings for devices")
              : Promise.reject(error);
          const todo: Record<string, string> = {
            pending: "Somebody has to approve the device in the archive.",
            suspended:
              "Somebody has suspended the device in the archive; everything is kept until it is admitted again.",
            revoked: "The device was revoked. Enrol it anew with a new code: strongroom-uploader enrol.",
          };
          return fail(
            error.message,
            todo[error.reason ?? ""] ?? "Put a valid token into its file, or enrol the device.",
          );
        }
      },
    },
    {
      name: "upload",
      needs: ["token"],
      look: async () => {
        // To an upload that does not exist: the body takes the way of every recording, and the archive keeps nothing.
        const beganAtMs = performance.now();
        const probe = () =>
          archive.send(
            {
              method: "PATCH",
              url: `${archive.server}${uploadsPath}/doctor-probe`,
              headers: {
                "Tus-Resumable": "1.0.0",
                "Upload-Offset": "0",
                "Content-Type": "application/offset+octet-stream",
              },
              body: bodyOf(Buffer.alloc(probeBytes)),
            },
            signal(),
          );
        const { status, body } = await thrice(probe);
        const tookMs = performance.now() - beganAtMs;
        if (status === 404 || status === 410)
          return pass(
            `${sizeInWords(probeBytes)} went up and were answered in ${Math.round(tookMs)} ms; the archive keeps nothing of them`,
          );
        if (status === 413)
          return fail(
            "a body is too large for something on the way",
            "The proxy in front of the archive limits bodies: see docs/nginx.conf.",
          );
        return fail(
          `a body is answered ${status}: ${body.slice(0, 120).replaceAll(/\s+/g, " ")}`,
          "What is in between refuses PATCH, or the archive is not well.",
        );
      },
    },
    {
      name: "clock against the archive",
      needs: ["token"],
      look: async () => {
        const { offsetMs, uncertaintyMs } = clock.view();
        if (offsetMs === null) return skip("the archive told no time yet");
        const said = `${offsetMs} ms ahead of the archive's, give or take ${uncertaintyMs} ms`;
        if (Math.abs(offsetMs) <= clockToleranceMs) return pass(said);
        return warn(said, "Times of recordings will be off by as much; the archive is told. Set the clock.");
      },
    },
    {
      name: "heartbeats",
      needs: ["token"],
      look: async () => {
        const view = await StateView.open(stateFolder);
        const pid = await view.daemonPid().finally(() => view.close());
        if (pid === null) return skip("no daemon runs, which would send them");
        const fleet = await readFleetRecord(stateFolder);
        if (fleet === null) return warn("none was sent yet", "Wait a minute.");
        if (fleet.configProblem !== null)
          return warn(
            `the archive's configuration does not hold: ${fleet.configProblem}`,
            "Somebody has to mend the policy in the archive.",
          );
        if (fleet.failures > 0)
          return fail(
            `${fleet.failures} without an answer: ${fleet.problem ?? ""}`,
            "If the checks before pass, wait a minute; then restart the service.",
          );
        const agoMs = fleet.lastContactAt === null ? null : Date.now() - Date.parse(fleet.lastContactAt);
        return agoMs === null
          ? warn("none was answered yet", "Wait a minute.")
          : pass(`the last was answered ${durationInWords(agoMs / 1000)} ago`);
      },
    },
    {
      name: "archive's keys",
      needs: ["archive"],
      look: async () => {
        keys = await archive.getTrustedKeys(signal());
        const receiptKeys = keys.filter(({ purpose }) => purpose === "receipt");
        if (receiptKeys.length === 0)
          return fail(
            "no receipt key can be trusted",
            identity === null
              ? "The archive has none yet."
              : "If the archive's key was changed on purpose: strongroom-uploader trust --pin THUMBPRINT.",
          );
        const pinned =
          identity === null ? "as published; enrolment would pin them" : "pinned, or endorsed by those that are";
        return pass(`${receiptKeys.length} for receipts, ${pinned}`);
      },
    },
    {
      name: "last receipt",
      needs: ["archive's keys"],
      look: async () => {
        const newest = await newestReceipt(stateFolder);
        if (newest === null) return skip("there is none on this device yet");
        try {
          const { receipt } = verifyReceipt((await readFile(newest, "utf8")).trim(), keys);
          return pass(`of ${receipt.recording}, sealed ${receipt.sealedAt}, is valid`);
        } catch (error) {
          if (!(error instanceof ProtocolError)) throw error;
          return fail(
            `${newest} is not valid: ${error.message}`,
            "Tell the archive's people, and keep the file and its recording.",
          );
        }
      },
    },
  ];
}

// Whoever answers early and hangs up may tear the answer away with the rest of the body: once or twice proves nothing.
async function thrice<T>(act: () => Promise<T>): Promise<T> {
  for (let left = 2; ; left--) {
    try {
      return await act();
    } catch (error) {
      if (left === 0 || !(error instanceof Problem) || error.kind !== "again") throw error;
    }
  }
}

async function newestReceipt(stateFolder: string): Promise<string | null> {
  const folder = join(stateFolder, "receipts");
  let newest: { path: string; ms: number } | null = null;
  for (const name of await readdir(folder).catch(() => [])) {
    if (!name.endsWith(".receipt.jws")) continue;
    const path = join(folder, name);
    const ms = (await stat(path)).mtimeMs;
    if (newest === null || ms > newest.ms) newest = { path, ms };
  }
  return newest?.path ?? null;
}
