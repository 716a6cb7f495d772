import type { Context } from "../../lib/context.ts";
import { type DeviceRow, listDevices } from "../../lib/devices/index.ts";
import { AppError } from "../../lib/errors.ts";

/**
 * The device that an operator means, by id or name.
 *
 * @throws AppError not_found
 */
export async function deviceOf(ctx: Context, text: string): Promise<DeviceRow> {
  const wanted = text.trim();
  const found = (await listDevices(ctx)).find((row) => row.id === wanted.toUpperCase() || row.name === wanted);
  if (found === undefined) throw new AppError("not_found", `There is no device ${wanted}.`);
  return found;
}
