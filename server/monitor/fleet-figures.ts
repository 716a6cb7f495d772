import { Gauge, type Registry } from "prom-client";
import type { FleetFigures } from "../../lib/fleet/index.ts";

/** Adds what is counted of the fleet; null: it could not be asked, and so is not shown. */
export function addFleetFigures(registry: Registry, read: () => Promise<FleetFigures | null>): void {
  new Gauge({
    name: "strongroom_devices",
    help: "Devices by state.",
    labelNames: ["state"],
    registers: [registry],
    async collect() {
      const figures = await read();
      this.reset();
      for (const [state, count] of Object.entries(figures?.byState ?? {})) this.set({ state }, count);
    },
  });
  const single = (name: string, help: string, figureOf: (figures: FleetFigures) => number) =>
    new Gauge({
      name,
      help,
      registers: [registry],
      async collect() {
        const figures = await read();
        this.reset();
        if (figures === null) this.remove();
        else this.set(figureOf(figures));
      },
    });
  single(
    "strongroom_devices_silent",
    "Active devices that were not heard for longer than their policy says.",
    ({ silent }) => silent,
  );
  single(
    "strongroom_devices_oldest_unreceipted_age_seconds",
    "How long the oldest file waits that a device has and no receipt for; 0 when none does.",
    ({ oldestUnreceiptedSeconds }) => oldestUnreceiptedSeconds,
  );
}
