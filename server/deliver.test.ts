import { once } from "node:events";
import { createServer, get, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { expect, it } from "vitest";
import type { DeliveryEnd, OpenContent } from "../lib/recordings/index.ts";
import { deliver } from "./deliver.ts";

const sizeBytes = 64_000_000;

/** Delivers to a reader who takes nothing, and tells how that ended. */
async function deliverWhile(isStillAllowed: () => Promise<boolean>): Promise<DeliveryEnd> {
  const ended = Promise.withResolvers<DeliveryEnd>();
  const content: OpenContent = {
    reader: { sizeBytes, read: async (into) => into.byteLength, close: async () => undefined },
    isStillAllowed,
    close: async ({ how }) => ended.resolve(how),
  };
  const server = createServer((_request, response) => {
    response.writeHead(200, { "Content-Length": sizeBytes });
    void deliver(response, content, [{ start: 0, end: sizeBytes - 1 }]);
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  const request = get({ port: (server.address() as AddressInfo).port, host: "127.0.0.1", agent: false }); // TCP
  const [response] = (await once(request, "response")) as [IncomingMessage];
  response.on("error", () => undefined);
  const how = await ended.promise;
  request.destroy();
  server.close();
  return how;
}

it("a delivery that the database says nothing about ends, and nobody is said to have withdrawn it", async () => {
  expect(await deliverWhile(() => Promise.reject(new Error("the database is away")))).toBe("failed");
  expect(await deliverWhile(async () => false)).toBe("withdrawn");
});

it("a delivery asks a slow database once at a time", async () => {
  let [asking, most] = [0, 0];
  const how = await deliverWhile(async () => {
    most = Math.max(most, ++asking);
    await sleep(2_500);
    asking -= 1;
    return false;
  });
  expect([how, most]).toEqual(["withdrawn", 1]);
});
