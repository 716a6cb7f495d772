import type { Context } from "../../lib/context.ts";
import { type DeviceRow, listDevices } from "../../lib/devices/index.ts";
import { AppError } from "../../lib/errors.ts";
import type { Page } from "../../lib/page.ts";

/**
 * The device that an operator means, by id or name.
 *
 * @throws AppError not_found
 */
export async function deviceOf(ctx: Context, text: string): Promise<DeviceRow> {
  const wanted = text.trim();
  for await (const row of everyDevice(ctx)) if (row.id === wanted.toUpperCase() || row.name === wanted) return row;
  throw new AppError("not_found", `There is no device ${wanted}.`);
}

/** All devices by name, read page by page. */
export async function* everyDevice(ctx: Context): AsyncGenerator<DeviceRow> {
  let cursor: string | null = null;
  do {
    const page: Page<DeviceRow> = await listDevices(ctx, cursor, 200);
    yield* page.rows;
    cursor = page.nextCursor;
  } while (cursor !== null);
}
