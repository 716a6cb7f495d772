import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { readFile } from "node:fs/promises";
import {
  type ArchiveKey,
  ProtocolError,
  parseKeySet,
  type VerifiedReceipt,
  verifyReceipt,
} from "../../lib/protocol/index.ts";
import { exitCodes } from "../exit-codes.ts";
import { fileProblem } from "../file-identity.ts";
import { defaultTransportSettings, Transport, unthrottled } from "../http/transport.ts";
import { messageOf, Problem } from "../problems.ts";

/** What verify-receipt is asked for. */
export type VerifyReceiptSettings = {
  receipt: string;
  /** The recording that the receipt must be of; null: the receipt alone. */
  file: string | null;
  /** A file or an address of the archive's public keys (JWK Set). */
  keys: string;
  isJson: boolean;
};

/** What was found; `problem` is null when everything is right. */
type Verdict = { found: VerifiedReceipt | null; problem: string | null };

/**
 * Checks a receipt against an archive's public keys, and a file against the receipt.
 *
 * @returns exit code: ok, or "failed" when the receipt proves nothing or is of other bytes
 */
export async function verifyReceiptCommand(
  settings: VerifyReceiptSettings,
  write: (text: string) => void,
): Promise<number> {
  const jws = (await readText(settings.receipt)).trim();
  const { found, problem } = await judge(jws, await readKeys(settings.keys), settings.file);
  if (settings.isJson) {
    const facts = found === null ? {} : { receipt: found.receipt, kid: found.key.kid, treeSize: found.checkpointSize };
    write(`${JSON.stringify({ isValid: problem === null, problem, file: settings.file, ...facts })}\n`);
  } else for (const line of lines(found, problem, settings)) write(`${line}\n`);
  return problem === null ? exitCodes.ok : exitCodes.failed;
}

async function judge(jws: string, keys: readonly ArchiveKey[], file: string | null): Promise<Verdict> {
  let found: VerifiedReceipt;
  try {
    found = verifyReceipt(jws, keys);
  } catch (error) {
    if (error instanceof ProtocolError) return { found: null, problem: error.message };
    throw error;
  }
  if (file === null) return { found, problem: null };
  const { sha256, sizeBytes } = await digest(file);
  const { receipt } = found;
  if (sha256 === receipt.sha256 && sizeBytes === receipt.sizeBytes) return { found, problem: null };
  const problem = `${file} is not the recording: it has ${sizeBytes} bytes and SHA-256 ${sha256}.`;
  return { found, problem };
}

function lines(found: VerifiedReceipt | null, problem: string | null, settings: VerifyReceiptSettings): string[] {
  if (found === null) return [`NOT VALID: ${problem}`];
  const { receipt, key, checkpointSize } = found;
  const { log, sha256, sizeBytes, recording, device, sealedAt } = receipt;
  return [
    `The receipt is valid: signed by ${key.kid}, and the sealing is event ${log.index} of ${checkpointSize} in the log ${log.origin}.`,
    `Recording ${recording} of device ${device}, sealed ${sealedAt}: ${sizeBytes} bytes, SHA-256 ${sha256}.`,
    ...(problem === null ? [] : [`NOT VALID for this file: ${problem}`]),
    ...(problem === null && settings.file !== null ? [`${settings.file} is exactly this recording.`] : []),
  ];
}

async function readKeys(keys: string): Promise<ArchiveKey[]> {
  const content = /^https?:\/\//.test(keys) ? await fetchText(keys) : await readText(keys);
  try {
    return parseKeySet(JSON.parse(content));
  } catch (error) {
    throw new Problem("file", `What is at ${keys} is no JWK Set of an archive: ${messageOf(error)}`);
  }
}

async function fetchText(url: string): Promise<string> {
  const transport = new Transport(defaultTransportSettings, unthrottled);
  try {
    const { status, body } = await transport.send(
      { method: "GET", url, headers: { Accept: "application/json" } },
      AbortSignal.timeout(120_000),
    );
    if (status === 200) return body;
    throw new Problem("again", `${url} answers ${status}.`);
  } finally {
    transport.close();
  }
}

async function readText(path: string): Promise<string> {
  return readFile(path, "utf8").catch((error: unknown) => {
    throw fileProblem(path, error);
  });
}

async function digest(path: string): Promise<{ sha256: string; sizeBytes: number }> {
  const hash = createHash("sha256");
  let sizeBytes = 0;
  try {
    for await (const piece of createReadStream(path) as AsyncIterable<Buffer>) {
      hash.update(piece);
      sizeBytes += piece.length;
    }
  } catch (error) {
    throw fileProblem(path, error);
  }
  return { sha256: hash.digest("hex"), sizeBytes };
}
