import type { Metrics } from "../metrics.ts";
import type { BlobStore } from "./blob-store.ts";

/** The same store, which tells how long each sync of a growing blob takes. */
export function measuredStore(store: BlobStore, metrics: Metrics): BlobStore {
  const openWriter: BlobStore["openWriter"] = async (...args) => {
    const writer = await store.openWriter(...args);
    const sync = writer.sync.bind(writer);
    writer.sync = async () => {
      const startedAt = performance.now();
      await sync();
      metrics.took("sync", performance.now() - startedAt);
    };
    return writer;
  };
  // A store has members of its own that no copy could reach: everything else goes to it.
  return new Proxy(store, {
    get: (target, name) => {
      if (name === "openWriter") return openWriter;
      const member: unknown = Reflect.get(target, name, target);
      return typeof member === "function" ? member.bind(target) : member;
    },
  });
}
