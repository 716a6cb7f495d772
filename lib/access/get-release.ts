import type { Context } from "../context.ts";
import { notFound } from "../errors.ts";
import { requireId } from "../input.ts";
import { authorise } from "../people/index.ts";
import { releaseInclude, toReleaseView } from "./release-view.ts";
import type { ReleaseView } from "./types.ts";

/**
 * A requester's own release, open or not.
 *
 * @throws AppError not_found, also for a release to somebody else
 */
export async function getRelease(ctx: Context, releaseId: string): Promise<ReleaseView> {
  const person = await authorise(ctx, "releases.read");
  const id = requireId("release", releaseId);
  const release = await ctx.db.release.findFirst({
    where: { id, requesterId: person.accountId },
    include: releaseInclude,
  });
  if (release === null) throw notFound("release");
  return toReleaseView(release, ctx.clock.now());
}
