import { afterAll, beforeAll, expect } from "vitest";
import { factories, useTestDatabase } from "../../lib/testing/index.ts";
import { type ApiServer, startApiServer } from "./start-api-server.ts";
import { tusDevice } from "./tus-client.ts";

/** A server without workers and one device, for all tests of a file. What is a function here is known once they run. */
export function useTusServer() {
  const world = useTestDatabase();
  let server: ApiServer;
  let secret: string;

  const start = () => startApiServer({ databaseUrl: world().databaseUrl, dataDir: world().dir, hasWorkers: false });
  beforeAll(async () => {
    server = await start();
    secret = (await factories.makeDevice(world().db)).token;
  });
  afterAll(() => server.stop());

  const token = () => secret;
  const client = tusDevice(() => server.url, token);
  return {
    world,
    start,
    token,
    client,
    endpoint: () => `${server.url}/api/uploads`,
    created: async (length: number | null, headers: Record<string, string> = {}): Promise<string> => {
      const answer = await client.create(length, {}, headers);
      expect(answer.status).toBe(201);
      return String(answer.headers.location);
    },
    offsetOf: async (location: string) => (await client.head(location)).headers["upload-offset"],
  };
}
