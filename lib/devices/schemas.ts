import { z } from "zod";
import { line, optionalLine, timeZone } from "../input.ts";

export const siteInput = z.object({
  name: line(120),
  address: optionalLine(300),
  timeZone,
});
/** A site as people describe it. */
export type SiteInput = z.input<typeof siteInput>;

export const deviceInput = z.object({
  name: line(100),
  /** The operator's own element id. */
  alias: optionalLine(100),
  /** Home site; null or missing: it moves. */
  siteId: optionalLine(32),
});
/** A device as people describe it. */
export type DeviceInput = z.input<typeof deviceInput> & {
  /** Its public Ed25519 key, as any tool writes one; missing: it signs no manifests for now. */
  key?: string | null;
};
