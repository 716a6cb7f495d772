import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { HttpSession } from "../../scripts/demo/http-session.ts";
import { archiveSettings, ended, freePort, runScript, startArchive } from "./archive.ts";
import { callers, type KnownIds, sessionOf, type World, worldFile } from "./world.ts";

type RequestListed = { id: string; state: string; requester: { name: string } };

async function findIds(officer: HttpSession, judge: HttpSession): Promise<KnownIds> {
  const { rows: requests } = await officer.json<{ rows: RequestListed[] }>("/api/requests?limit=100");
  const inState = (state: string) => requests.find((request) => request.state === state)?.id ?? "";
  const releasedRequest = inState("released");
  const { release } = await judge.json<{ release: { id: string; recordings: { id: string }[] } }>(
    `/api/requests/${releasedRequest}`,
  );
  const { rows: recordings } = await officer.json<{ rows: { id: string }[] }>("/api/recordings?state=sealed");
  const { rows: damaged } = await officer.json<{ rows: { id: string }[] }>("/api/recordings?state=quarantined");
  const { rows: devices } = await officer.json<{ rows: { id: string; name: string; state: string }[] }>("/api/devices");
  const { rows: sites } = await officer.json<{ rows: { id: string }[] }>("/api/sites");
  const releasedRecording = release.recordings[0]?.id ?? "";
  return {
    recording: recordings.find((recording) => recording.id !== releasedRecording)?.id ?? "",
    quarantinedRecording: damaged[0]?.id ?? "",
    releasedRecording,
    release: release.id,
    releasedRequest,
    submittedRequest: inState("submitted"),
    reviewRequest: inState("in_review"),
    approvedRequest: inState("approved"),
    deniedRequest: inState("denied"),
    device: devices[0]?.id ?? "",
    fleetDevice: devices.find(({ name }) => name === "Van 12")?.id ?? "",
    pendingDevice: devices.find(({ state }) => state === "pending")?.id ?? "",
    site: sites[0]?.id ?? "",
  };
}

/**
 * Starts the built archive on an embedded database and a folder of its own, with the demonstration's company, and
 * signs everybody in. Returns what ends it.
 */
export default async function globalSetup(): Promise<() => Promise<void>> {
  const dataDir = mkdtempSync(join(tmpdir(), "strongroom-e2e-"));
  const port = await freePort();
  const seeding = runScript("prisma/seed/main.ts", archiveSettings(dataDir, port));
  if ((await ended(seeding)) !== 0) throw new Error("The company could not be made.");
  const server = await startArchive(dataDir, port);
  const { url } = server;
  const stop = async () => {
    await server.stop();
    rmSync(dataDir, { recursive: true, force: true });
  };
  try {
    const { people, devices } = JSON.parse(readFileSync(join(dataDir, "demo.json"), "utf8"));
    const sessions = new Map<string, HttpSession>();
    mkdirSync(dirname(sessionOf("admin")), { recursive: true });
    for (const caller of callers) {
      const session = new HttpSession(url);
      await session.signIn(people[caller].email, people[caller].password);
      sessions.set(caller, session);
      writeFileSync(sessionOf(caller), JSON.stringify({ cookies: session.cookies("localhost"), origins: [] }));
    }
    const [officer, judge] = [sessions.get("officer"), sessions.get("judge")];
    if (officer === undefined || judge === undefined) throw new Error("Everybody was signed in.");
    const world: World = { url, dataDir, people, devices, ids: await findIds(officer, judge) };
    writeFileSync(worldFile, JSON.stringify(world));
    process.env.STRONGROOM_E2E_URL = url;
    return stop;
  } catch (error) {
    await stop();
    throw error;
  }
}
