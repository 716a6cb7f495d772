import type { IncomingMessage, ServerResponse } from "node:http";
import { AppError } from "../lib/errors.ts";
import { jitteredSeconds } from "../lib/jitter.ts";
import { deviceNoncePath, deviceTokenPath } from "../lib/protocol/index.ts";

/** What devices ask that is answered from the database; what brings or fetches bytes has limits of its own. */
const counted = /^\/api\/(devices\/[a-z-]+|recordings(\/[^/]+(\/receipt)?)?)$/;
/** Asked before a device has a token. */
const withoutToken: readonly string[] = [deviceNoncePath, deviceTokenPath];

/**
 * Limits the small questions of devices that are worked on at once. A fleet that comes back together would otherwise wait in
 * line for longer than its patience, and the work be done for those who have left. Above the limit a device is told at once
 * to come later; people's pages are not counted, nor is a question that has not come whole: nobody works on it yet, and
 * who sends it slowly would keep all others out.
 *
 * @returns to be asked at each request; throws AppError unavailable
 */
export function limitDeviceWork(mostAtOnce: number): (request: IncomingMessage, response: ServerResponse) => void {
  const open = new Set<IncomingMessage>();
  return (request, response) => {
    const [path = "/"] = (request.url ?? "/").split("?");
    const isDevice = withoutToken.includes(path) || request.headers.authorization?.startsWith("Bearer ") === true;
    if (!isDevice || !counted.test(path)) return;
    let underWay = 0;
    for (const { complete } of open) if (complete) underWay += 1;
    if (underWay >= mostAtOnce)
      throw new AppError("unavailable", "The archive has much to do; ask again later.", {
        retryAfterSeconds: jitteredSeconds(5, 20),
      });
    open.add(request);
    response.once("close", () => open.delete(request));
  };
}
