// The peer: plain @tus/server with FileStore on Node's http, as its README shows it. No digest, no sync, no rows.
import { createServer } from "node:http";
import { FileStore } from "@tus/file-store";
import { Server } from "@tus/server";

const tus = new Server({ path: "/api/uploads", datastore: new FileStore({ directory: process.argv[2] ?? "" }) });
const server = createServer((request, response) => void tus.handle(request, response));
server.requestTimeout = 0;
server.listen(0, "127.0.0.1", () => {
  const address = server.address();
  process.send?.({ port: typeof address === "object" ? address?.port : null });
});
