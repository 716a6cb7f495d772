import { spawn } from "node:child_process";
import { constants } from "node:os";

const running = new Set();
let isInterrupted = false;

/** Whether Ctrl-C was pressed while something ran; some programs then end as if they had failed. */
export function wasInterrupted() {
  return isInterrupted;
}

// Ctrl-C reaches every process of the terminal's group by itself: we only wait for ours to end well. What is sent
// to us alone is passed on. Processes that were not started here are never touched.
const listeners = {
  SIGINT: () => {
    isInterrupted = true;
  },
  SIGTERM: () => passOn("SIGTERM"),
  SIGHUP: () => passOn("SIGHUP"),
};

function passOn(signal) {
  for (const child of running) child.kill(signal);
}

function listen(isOn) {
  for (const [signal, listener] of Object.entries(listeners)) process[isOn ? "on" : "off"](signal, listener);
}

/** The exit code that a shell would report. */
function exitCodeOf(code, signal) {
  return code ?? 128 + (constants.signals[signal] ?? 1);
}

function start(command, args, options) {
  if (running.size === 0) listen(true);
  const child = spawn(command, args, options);
  running.add(child);
  const forget = () => {
    if (running.delete(child) && running.size === 0) listen(false);
  };
  child.once("close", forget).once("error", forget);
  return child;
}

/** Runs a program that talks to the person itself. Resolves with its exit code. */
export function runOpenly(command, args, options = {}) {
  return new Promise((resolve, reject) => {
    const child = start(command, args, { ...options, stdio: "inherit" });
    child.once("error", reject);
    child.once("close", (code, signal) => resolve(exitCodeOf(code, signal)));
  });
}

/** Runs a program silently. Resolves with its exit code and everything that it printed. */
export function runQuietly(command, args, options = {}) {
  return new Promise((resolve, reject) => {
    const child = start(command, args, { ...options, stdio: ["ignore", "pipe", "pipe"] });
    let output = "";
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding("utf8");
      stream.on("data", (text) => {
        output += text;
      });
    }
    child.once("error", reject);
    child.once("close", (code, signal) => resolve({ code: exitCodeOf(code, signal), output, signal }));
  });
}
