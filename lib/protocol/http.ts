/** Path of the tus endpoint (tus 1.0). */
export const uploadsPath = "/api/uploads";
/** Path at which a device announces a recording by a signed manifest. */
export const recordingsPath = "/api/recordings";
/** Path of the settings that the archive decides for a device. */
export const deviceConfigPath = "/api/devices/config";
/** Path at which a device says how it is. */
export const deviceHeartbeatPath = "/api/devices/heartbeat";
/** Path at which a device says that a recording will not come, or was never made. */
export const deviceStatementsPath = "/api/devices/statements";
/** Path at which a device that is to sign something asks for a nonce. */
export const deviceNoncePath = "/api/devices/nonce";
/** Path at which a machine with an enrolment code becomes a device. */
export const deviceEnrolPath = "/api/devices/enrol";
/** Path at which a device buys access tokens. */
export const deviceTokenPath = "/api/devices/token";
/** Path at which a device changes its key. */
export const deviceKeyPath = "/api/devices/key";
/** Response field of POST and PATCH that names the recording an upload belongs to. */
export const recordingIdHeader = "Strongroom-Recording";
/** Response field that names the request, as in the log and in custody. */
export const requestIdHeader = "Strongroom-Request";
/** Response field that repeats the code of a problem: an answer to HEAD has no body. */
export const errorCodeHeader = "Strongroom-Error";
/** Prefix of a device token, so that scanners for leaked secrets find it. */
export const deviceTokenPrefix = "srd_";

/** What `POST /api/recordings` answers to a signed manifest, the same each time. */
export type AnnouncedView = {
  recording: string;
  state: DeviceRecordingView["state"];
  /** Address of the upload that brings the bytes (tus 1.0), and where to go on. */
  upload: string;
  offsetBytes: number;
  sizeBytes: number;
  /** SHA-256 of the manifest's payload: `previous` of the next one. */
  manifestSha256: string;
  sequence: number;
  chain: "first" | "in_order" | "gap" | "fork";
};

/** What `GET /api/recordings/{id}` tells a device about its own recording. */
export type DeviceRecordingView = {
  id: string;
  state: "receiving" | "received" | "sealed" | "quarantined" | "disposed";
  fileName: string;
  sizeBytes: number | null;
  /** Hexadecimal; null until the archive has computed it. */
  sha256: string | null;
  declaredSha256: string | null;
  /** Who computed the first digest; `archive`: nothing was declared. */
  digestOriginator: "device" | "archive";
  /** The recording that brought the same bytes before; null: none of this device's did. */
  repeatOf: string | null;
  receivedAt: string | null;
  sealedAt: string | null;
  quarantineReason: string | null;
  /** Number from 0 of the first chunk that is not as it arrived; null: none is, or the whole file is wrong. */
  firstBadChunk: number | null;
  /** Path of its receipt; null while there is none. */
  receipt: string | null;
};

/** Where the receipt of a recording is. */
export function receiptPath(recordingId: string): string {
  return `${recordingsPath}/${recordingId}/receipt`;
}

/** Where a sidecar of a recording is put, and got from. */
export function sidecarPath(recordingId: string, name: string): string {
  return `${recordingsPath}/${recordingId}/sidecars/${encodeURIComponent(name)}`;
}
