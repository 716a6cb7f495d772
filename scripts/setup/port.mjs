import { existsSync, readFileSync } from "node:fs";
import { createServer } from "node:net";
import { at } from "./root.mjs";
import { Obstacle } from "./say.mjs";

/** A setting as the server will see it: the environment, then `.env`. */
function setting(name) {
  if (process.env[name]) return process.env[name];
  if (!existsSync(at(".env"))) return undefined;
  return readFileSync(at(".env"), "utf8")
    .match(new RegExp(`^${name}=(.*)$`, "m"))?.[1]
    ?.trim();
}

/**
 * Looks before minutes of building whether the server will be able to listen.
 *
 * @throws Obstacle when the port is taken
 */
export async function refuseUsedPort(command) {
  const port = Number(setting("PORT") ?? 3000);
  const host = setting("HOST") ?? "127.0.0.1";
  if (!Number.isInteger(port) || port <= 0 || port > 65_535) return; // the server says what is wrong with it
  const code = await new Promise((resolve) => {
    const server = createServer();
    server.once("error", (error) => resolve(error.code));
    server.listen(port, host, () => server.close(() => resolve(null)));
  });
  if (code === "EADDRINUSE") {
    throw new Obstacle(
      `Port ${port} is in use: stop what uses it, or take another: PORT=${port + 1} npm run ${command}`,
    );
  }
  if (code === "EACCES") {
    throw new Obstacle(`This user may not use port ${port}: take another: PORT=3000 npm run ${command}`);
  }
}
