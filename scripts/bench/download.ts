import { get } from "node:http";

/** Fetches a file without keeping it; returns MiB a second. */
export function measureDownload(url: string, headers: Record<string, string> = {}): Promise<number> {
  const started = performance.now();
  return new Promise((resolve, reject) => {
    const request = get(url, { agent: false, headers }, (response) => {
      let bytes = 0;
      response.on("data", (piece: Buffer) => {
        bytes += piece.byteLength;
      });
      response.once("error", reject);
      response.once("end", () => {
        if (response.statusCode !== 200) reject(new Error(`${url} answered ${response.statusCode}`));
        else resolve(bytes / 1024 / 1024 / ((performance.now() - started) / 1000));
      });
    });
    request.once("error", reject);
  });
}
