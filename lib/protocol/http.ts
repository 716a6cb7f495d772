/** Path of the tus endpoint (tus 1.0). */
export const uploadsPath = "/api/uploads";
/** Response field of POST and PATCH that names the recording an upload belongs to. */
export const recordingIdHeader = "Strongroom-Recording";
/** Prefix of a device token, so that scanners for leaked secrets find it. */
export const deviceTokenPrefix = "srd_";

/** What `GET /api/recordings/{id}` tells a device about its own recording. */
export type DeviceRecordingView = {
  id: string;
  state: "receiving" | "received" | "sealed" | "quarantined" | "disposed";
  fileName: string;
  sizeBytes: number | null;
  /** Hexadecimal; null until the archive has computed it. */
  sha256: string | null;
  declaredSha256: string | null;
  receivedAt: string | null;
  sealedAt: string | null;
  quarantineReason: string | null;
};
