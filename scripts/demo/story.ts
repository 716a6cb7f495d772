import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { openFlakyLink } from "../../e2e/support/proxy.ts";
import type { WorldFile } from "../../prisma/seed/world-file.ts";
import { HttpSession } from "./http-session.ts";
import { say } from "./say.ts";
import { copyAsNewRecording } from "./unique-copy.ts";
import { type UploaderEvent, UploaderProcess } from "./uploader-process.ts";

type Stage = { url: string; world: WorldFile; root: string; workDir: string };

/** One recording of the story: what the camera made, and where the archive keeps it. */
type Delivered = { file: string; recordingId: string; sha256: string; capturedFrom: Date; capturedUntil: Date };

const minuteMs = 60_000;
const place = "Banco Levante, Colón 12";

/** Stops the story with what should have been. */
function must(holds: boolean, sentence: string): void {
  if (!holds) throw new Error(`The story broke: ${sentence}`);
}

const short = (digest: string) => `${digest.slice(0, 8)}…${digest.slice(-4)}`;

function sha256Of(path: string): string {
  return createHash("sha256").update(readFileSync(path)).digest("hex");
}

function deviceNamed(stage: Stage, name: string) {
  const device = stage.world.devices.find((known) => known.name === name);
  if (device === undefined) throw new Error(`The demonstration has no device ${name}.`);
  return device;
}

type PushOptions = {
  device: string;
  sample: string;
  source: string;
  server: string;
  capturedFrom: Date;
  lengthMs: number;
  extra?: string[];
};

/** What the camera made: a sample under the name that the recorder gave it. */
function takeFile(stage: Stage, options: PushOptions): string {
  const stamp = options.capturedFrom.toISOString().slice(0, 19).replaceAll(/[-:]/g, "").replace("T", "-");
  const [, ending = ""] = options.sample.split(".");
  const file = join(
    stage.workDir,
    `${options.device.toLowerCase().replace(" ", "-")}_${options.source}_${stamp}.${ending}`,
  );
  copyAsNewRecording(join(stage.root, "samples/recordings", options.sample), file);
  return file;
}

function startUploader(stage: Stage, file: string, options: PushOptions): UploaderProcess {
  const device = deviceNamed(stage, options.device);
  const until = new Date(options.capturedFrom.getTime() + options.lengthMs);
  const args = ["push", file, "--server", options.server, "--state-dir", join(stage.workDir, device.alias)];
  args.push("--source", options.source, "--alias", device.alias, "--place", place, "--settle", "0");
  args.push("--captured-from", options.capturedFrom.toISOString(), "--captured-until", until.toISOString());
  return new UploaderProcess(
    join(stage.root, "dist/strongroom-uploader.mjs"),
    [...args, ...(options.extra ?? [])],
    device.token,
  );
}

async function delivered(uploader: UploaderProcess, file: string, options: PushOptions): Promise<Delivered> {
  const done = await uploader.waitFor((event) => event.event === "done");
  const exitCode = await uploader.exit;
  must(
    done !== null && exitCode === 0,
    `${options.device} should have delivered its recording; the uploader ended with ${exitCode}.`,
  );
  const recordingId = String(done?.recording);
  const sha256 = sha256Of(file);
  must(done?.sha256 === sha256, "the uploader must name the digest of the file on the vehicle's disk.");
  const { capturedFrom } = options;
  return {
    file,
    recordingId,
    sha256,
    capturedFrom,
    capturedUntil: new Date(capturedFrom.getTime() + options.lengthMs),
  };
}

/** The van's link to the archive breaks twice on the way. */
async function sendOverBadLink(stage: Stage, capturedFrom: Date): Promise<Delivered> {
  const link = await openFlakyLink({
    target: { port: Number(new URL(stage.url).port) },
    latencyMs: 30,
    jitterMs: 20,
    uploadBytesPerSecond: 900_000,
    cutAfterBytes: [700_000, 1_600_000],
  });
  try {
    const options = {
      device: "Van 04",
      sample: "van-04-rear.mp4",
      source: "rear",
      server: link.url,
      capturedFrom,
      lengthMs: 11_000,
      // Small ones, so that the page of a small file has a map to show.
      extra: ["--chunk-size", "400k"],
    };
    const file = takeFile(stage, options);
    say(`Van 04 sends ${(readFileSync(file).length / 1e6).toFixed(1)} MB over a link that will break twice`);
    const uploader = startUploader(stage, file, options);
    const sent = await delivered(uploader, file, options);
    must(link.connections().cut >= 2, "the link should have been cut twice.");
    say(
      `Van 04: cut off ${link.connections().cut} times, resumed, sealed as ${sent.recordingId}, SHA-256 ${short(sent.sha256)}`,
    );
    return sent;
  } finally {
    await link.close();
  }
}

/** The other van's uploader is killed half-way and started again, as after a power cut. */
async function sendThroughPowerCut(stage: Stage, capturedFrom: Date): Promise<Delivered> {
  const options = {
    device: "Van 09",
    sample: "van-09-rear.mkv",
    source: "rear",
    server: stage.url,
    capturedFrom,
    lengthMs: 8000,
  };
  const file = takeFile(stage, options);
  const slow = { ...options, extra: ["--limit-rate", "150k"] };
  const first = startUploader(stage, file, slow);
  const isHalfWay = (event: UploaderEvent) => event.event === "progress" && Number(event.sentBytes) > 0;
  await first.waitFor(isHalfWay);
  await sleep(1200);
  await first.kill();
  say("Van 09: power cut in the middle; starting its uploader again");
  const sent = await delivered(startUploader(stage, file, slow), file, slow);
  say(`Van 09: sealed as ${sent.recordingId}, SHA-256 ${short(sent.sha256)}`);
  return sent;
}

async function sendFromCounter(stage: Stage, capturedFrom: Date): Promise<Delivered> {
  const options = {
    device: "ATM cam Colón",
    sample: "grao-05-counter.ts",
    source: "lobby",
    server: stage.url,
    capturedFrom,
    lengthMs: 8000,
  };
  const file = takeFile(stage, options);
  const sent = await delivered(startUploader(stage, file, options), file, options);
  say(`ATM cam Colón: sealed as ${sent.recordingId}, SHA-256 ${short(sent.sha256)}`);
  return sent;
}

async function signIn(stage: Stage, who: keyof WorldFile["people"]): Promise<HttpSession> {
  const session = new HttpSession(stage.url);
  const { email, password } = stage.world.people[who];
  await session.signIn(email, password);
  return session;
}

async function ask(stage: Stage, police: HttpSession, about: Delivered, siteId: string): Promise<string> {
  const form = new FormData();
  const fields = {
    place,
    siteId,
    intervalFrom: new Date(about.capturedFrom.getTime() - 2 * minuteMs).toISOString(),
    intervalUntil: new Date(about.capturedUntil.getTime() + minuteMs).toISOString(),
    timeZone: "Europe/Madrid",
    legalBasis: "judicial_order",
    authority: "Juzgado de Instrucción 4, Valencia",
    reference: "DP 1182/2026",
    purpose: "Robbery during a cash delivery.",
  };
  for (const [name, value] of Object.entries(fields)) form.set(name, value);
  const order = readFileSync(join(stage.root, "samples/orders/order.pdf"));
  form.set("order", new Blob([order], { type: "application/pdf" }), "order-dp-1182-2026.pdf");
  const { id } = await police.json<{ id: string }>("/api/requests", { method: "POST", body: form });
  say(`Insp. Lucía Ferrer asks for ${place} on order DP 1182/2026: ${id}`);
  return id;
}

type RequestView = {
  state: string;
  scopeSha256: string | null;
  matches: { recording: { id: string }; decision: string | null }[];
  release: { id: string; recordings: { id: string; sha256: string; contentPath: string }[] } | null;
};

async function decide(stage: Stage, requestId: string, wanted: Delivered): Promise<void> {
  const marta = await signIn(stage, "officer");
  await marta.post(`/api/requests/${requestId}/open`, {});
  const { matches } = await marta.json<RequestView>(`/api/requests/${requestId}`);
  must(
    matches.some((match) => match.recording.id === wanted.recordingId),
    "the recording should match place and interval.",
  );
  for (const match of matches) {
    const isWanted = match.recording.id === wanted.recordingId;
    await marta.post(`/api/requests/${requestId}/decisions`, {
      recordingId: match.recording.id,
      decision: isWanted ? "included" : "excluded",
      ...(isWanted ? {} : { reason: "Another camera; the order names the van." }),
    });
  }
  const { scopeSha256 } = await marta.json<RequestView>(`/api/requests/${requestId}`);
  await marta.post(`/api/requests/${requestId}/approvals`, { scopeSha256 });
  say(`Marta Soler finds ${matches.length}, includes one and approves`);
  const again = await marta.fetch(`/api/requests/${requestId}/approvals`, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ scopeSha256 }),
  });
  must(again.status >= 400 && again.status < 500, "one officer must not be able to approve twice.");
  const andreu = await signIn(stage, "officer2");
  await andreu.post(`/api/requests/${requestId}/approvals`, { scopeSha256 });
  say("Andreu Vidal, a second officer, approves too: released");
}

async function download(stage: Stage, police: HttpSession, requestId: string, wanted: Delivered): Promise<void> {
  const { release } = await police.json<RequestView>(`/api/requests/${requestId}`);
  const item = release?.recordings[0];
  must(
    release?.recordings.length === 1 && item?.id === wanted.recordingId,
    "the release should hold exactly the recording that was approved.",
  );
  must(item?.sha256 === wanted.sha256, "the release must name the device's digest.");
  const response = await police.fetch(item?.contentPath ?? "");
  must(response.status === 200, `the download answered ${response.status}.`);
  const hash = createHash("sha256");
  let bytes = 0;
  for await (const buffer of response.body ?? []) {
    hash.update(buffer);
    bytes += buffer.byteLength;
  }
  const sha256 = hash.digest("hex");
  must(sha256 === wanted.sha256, "the downloaded file must be the file of the vehicle, byte for byte.");
  const reprDigest = `sha-256=:${Buffer.from(wanted.sha256, "hex").toString("base64")}:`;
  must(response.headers.get("repr-digest") === reprDigest, "Repr-Digest must be the device's digest.");
  say(`Downloaded ${(bytes / 1e6).toFixed(1)} MB as one file; SHA-256 ${short(sha256)} is the one computed in the van`);
  const nadia = await signIn(stage, "insurer");
  const stranger = await nadia.fetch(item?.contentPath ?? "");
  must(stranger.status === 404, `someone else's requester must get 404, not ${stranger.status}.`);
}

async function checkCustody(stage: Stage, wanted: Delivered): Promise<void> {
  const auditor = await signIn(stage, "auditor");
  const { rows } = await auditor.json<{ rows: { action: string }[] }>(`/api/recordings/${wanted.recordingId}/custody`);
  const seen = new Set(rows.map((row) => row.action));
  for (const action of [
    "upload.started",
    "upload.interrupted",
    "recording.received",
    "recording.sealed",
    "release.opened",
    "download.started",
    "download.ended",
  ])
    must(seen.has(action), `custody of ${wanted.recordingId} lacks ${action}.`);
  const content = await auditor.fetch(`/api/recordings/${wanted.recordingId}/content`);
  must(content.status === 403, "an auditor must not see the picture.");
  say(`Pilar Ochoa, auditor, reads its custody: ${rows.length} events, and cannot see the picture`);
}

/**
 * Plays the story over HTTP, as devices and people would: two uploader processes send real recordings over a
 * link that breaks and through a power cut, a request is made, approved by two officers and downloaded.
 *
 * @throws Error with a sentence when a digest or an answer is not what it must be
 */
export async function playStory(stage: Stage): Promise<void> {
  const arrival = new Date(Date.now() - 12 * minuteMs);
  const [wanted] = await Promise.all([
    sendOverBadLink(stage, arrival),
    sendThroughPowerCut(stage, new Date(arrival.getTime() - 90 * minuteMs)),
    sendFromCounter(stage, new Date(arrival.getTime() + minuteMs / 2)),
  ]);
  const police = await signIn(stage, "police");
  const sites = await police.json<{ rows: { id: string; name: string }[] }>("/api/sites");
  const site = sites.rows.find((known) => known.name === place);
  must(site !== undefined, `the site ${place} should be on the requester's list.`);
  const requestId = await ask(stage, police, wanted, site?.id ?? "");
  await decide(stage, requestId, wanted);
  await download(stage, police, requestId, wanted);
  await checkCustody(stage, wanted);
}
