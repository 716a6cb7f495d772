import type { Signals } from "../signals.ts";

/** Signals that stay in this process, for code that knows of no other one. */
export function localSignals(): Signals {
  const listeners: ((text: string) => void)[] = [];
  return {
    send: (text) => {
      for (const listener of listeners) listener(text);
    },
    listen: (listener) => void listeners.push(listener),
    close: async () => undefined,
  };
}
