// A process that runs operator commands one after the other, because starting one costs more than what it does.
// Started with fork(); every message is the arguments of a command, and is answered with how it ended.
import { runCommand } from "../program.ts";

/** How a command ended, and what it printed. */
export type Ended = { code: number; out: string; err: string };

/** Collects what the process writes, until it is taken. */
function collect(stream: NodeJS.WriteStream): () => string {
  let text = "";
  stream.write = (piece: string | Uint8Array) => {
    text += typeof piece === "string" ? piece : Buffer.from(piece).toString();
    return true;
  };
  return () => {
    const taken = text;
    text = "";
    return taken;
  };
}

const takeOut = collect(process.stdout);
const takeErr = collect(process.stderr);

process.on("message", async (args: string[]) => {
  process.exitCode = 0;
  await runCommand(args);
  const ended: Ended = { code: Number(process.exitCode), out: takeOut(), err: takeErr() };
  process.send?.(ended);
});
