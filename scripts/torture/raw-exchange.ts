import { connect } from "node:net";

/** What came back: the final status, or null when the server closed without one. */
export type RawAnswer = { status: number | null; text: string };

/** After its client has left, the server has this long to close. */
const closeMs = 20_000;

/**
 * Sends bytes as they are and takes what comes back, one connection each. A server that waits for more is left, after
 * five times what an answer usually takes on this machine at this hour.
 */
export class RawExchanges {
  readonly #port: number;
  #usualMs = 50;

  constructor(port: number) {
    this.#port = port;
  }

  exchange(bytes: Buffer): Promise<RawAnswer> {
    return new Promise((resolve, reject) => {
      const socket = connect(this.#port, "127.0.0.1");
      const startedAt = performance.now();
      let text = "";
      const give = () => {
        clearTimeout(leave);
        clearTimeout(giveUp);
        socket.destroy();
        const status = finalStatus(text);
        if (status !== null) this.#usualMs += (performance.now() - startedAt - this.#usualMs) / 20;
        resolve({ status, text });
      };
      const patienceMs = Math.max(150, this.#usualMs * 5);
      const leave = setTimeout(() => socket.end(), patienceMs);
      const giveUp = setTimeout(() => {
        socket.destroy();
        reject(new Error(`neither answer nor end: ${JSON.stringify(bytes.toString("latin1").slice(0, 2000))}`));
      }, patienceMs + closeMs);
      socket.on("error", () => undefined); // a reset is an end like any other
      socket.on("data", (data) => {
        text += data.toString("latin1");
        if (isWhole(text)) give();
      });
      socket.on("close", give);
      socket.write(bytes);
    });
  }
}

/** The answer itself, without the 100 Continue that may come before it. */
function finalAnswer(text: string): string {
  return text.replace(/^(HTTP\/1\.1 1\d\d [^\r]*\r\n(?:[^\r]+\r\n)*\r\n)+/, "");
}

function finalStatus(text: string): number | null {
  const [, status] = /^HTTP\/1\.1 (\d{3}) /.exec(finalAnswer(text)) ?? [];
  return status === undefined ? null : Number(status);
}

function isWhole(text: string): boolean {
  const answer = finalAnswer(text);
  const end = answer.indexOf("\r\n\r\n");
  if (end < 0) return false;
  const [, length] = /\r\ncontent-length: (\d+)\r\n/i.exec(answer.slice(0, end + 2)) ?? [];
  // An answer to HEAD says a length and has no body; which method it was, the mutation may have hidden.
  return length === undefined || answer.length >= end + 4 + Number(length);
}
