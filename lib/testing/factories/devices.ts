import { createHash, randomBytes } from "node:crypto";
import type { Actor, Database } from "../../context.ts";
import { newId } from "../../ids.ts";
import { madeAt, nextNumber } from "./defaults.ts";

/** Makes a site, in Madrid unless said otherwise. */
export async function makeSite(db: Database, options: { name?: string; timeZone?: string } = {}) {
  return db.site.create({
    data: {
      id: newId("site"),
      name: options.name ?? `Site ${nextNumber()}`,
      timeZone: options.timeZone ?? "Europe/Madrid",
      createdAt: madeAt,
    },
  });
}

/** Makes a device with a valid token; `token` is what it sends, `actor` is it acting. */
export async function makeDevice(
  db: Database,
  options: { name?: string; siteId?: string | null; state?: "active" | "suspended" | "revoked" } = {},
) {
  const token = `test_${randomBytes(32).toString("base64url")}`;
  const device = await db.device.create({
    data: {
      id: newId("device"),
      name: options.name ?? `Device ${nextNumber()}`,
      state: options.state ?? "active",
      siteId: options.siteId ?? null,
      createdAt: madeAt,
      tokens: {
        create: {
          id: newId("token"),
          tokenSha256: createHash("sha256").update(token).digest(),
          createdAt: madeAt,
        },
      },
    },
  });
  const actor: Extract<Actor, { kind: "device" }> = { kind: "device", deviceId: device.id, name: device.name };
  return { ...device, token, actor };
}
