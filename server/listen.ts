import { once } from "node:events";
import type { Server } from "node:http";
import type { AddressInfo } from "node:net";

/** The server cannot listen; the message says why and what to do. */
export class ListenError extends Error {
  override name = "ListenError";
}

/**
 * Starts to listen.
 *
 * @param port 0: any free port
 * @returns the port that it is
 * @throws ListenError
 */
export async function listen(server: Server, host: string, port: number): Promise<number> {
  server.listen(port, host);
  try {
    await once(server, "listening");
  } catch (error) {
    const code = error instanceof Error && "code" in error ? error.code : "";
    if (code === "EADDRINUSE")
      throw new ListenError(`Port ${port} is used by another program. Stop it, or set PORT to another one.`);
    if (code === "EACCES")
      throw new ListenError(`Port ${port} may not be used by this user. Set PORT to 1024 or more.`);
    if (code === "EADDRNOTAVAIL" || code === "ENOTFOUND")
      throw new ListenError(`HOST=${host} is no address of this machine. Set HOST to 127.0.0.1 or 0.0.0.0.`);
    throw error;
  }
  // A TCP server's address is never a path.
  return (server.address() as AddressInfo).port;
}
