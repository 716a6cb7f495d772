import type { Context } from "../context.ts";
import { recordEvent } from "../custody/index.ts";
import { AppError } from "../errors.ts";
import { publicKeys } from "../keys/index.ts";
import { type Checkpoint, custodyLeaf, leafHash, noteKeysOf, openCheckpoint } from "../protocol/index.ts";
import { readLeafEvents } from "./leaf-events.ts";
import { type FullTile, TreeEdge } from "./tree-edge.ts";

/** Something in the custody log that is not as it was signed. */
export type LogProblem = {
  /** Stable code, for machines. */
  code:
    | "event_changed"
    | "event_missing"
    | "event_outside_log"
    | "leaf_missing"
    | "leaf_changed"
    | "tile_changed"
    | "checkpoint_differs"
    | "checkpoint_unsigned"
    | "checkpoint_missing"
    | "key_unexplained";
  /** Number of the event, or what else it is about. */
  subject: string;
  /** What was found, in a sentence. */
  found: string;
};

/** What a verification looked at. */
export type LogReport = {
  /** Leaves of the tree. */
  size: number;
  /** Root that was computed anew, in Base64 as checkpoints have it. */
  root: string;
  checkpoints: number;
  problems: number;
};

export type VerifyLog = {
  onProblem(problem: LogProblem): void;
  /** A checkpoint that was kept elsewhere: the tree must still begin with it. */
  checkpoint?: string;
};

const batchSize = 1000;
/** Of one kind that can be as many as there are events. */
const shownLimit = 100;

/**
 * Computes the whole tree anew from the custody events and compares it with every leaf, tile and checkpoint that is
 * kept. Finds an event that was changed, added, removed or moved past the program. Changes nothing. Safe beside a
 * running server. Whoever calls it records that it ran.
 *
 * @throws AppError forbidden for anyone but an operator's command or a job
 * @throws ProtocolError for a given checkpoint that none of the archive's keys signed
 */
export async function inspectLog(ctx: Context, { onProblem, checkpoint }: VerifyLog): Promise<LogReport> {
  if (ctx.actor.kind !== "system") throw new AppError("forbidden", "The log is verified by an operator's command.");
  const report: LogReport = { size: 0, root: "", checkpoints: 0, problems: 0 };
  const tell = (code: LogProblem["code"], subject: string, found: string) => {
    report.problems += 1;
    onProblem({ code, subject, found });
  };
  const keys = noteKeysOf(await publicKeys(ctx.db));
  const given = checkpoint === undefined ? null : openCheckpoint(checkpoint, keys);
  const newest = await ctx.db.logCheckpoint.findFirst({ orderBy: { size: "desc" } });
  if (newest !== null) {
    try {
      openCheckpoint(newest.note, keys);
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      tell("checkpoint_unsigned", `checkpoint ${newest.size}`, `The newest checkpoint is not signed: ${reason}`);
    }
  }
  const size = Number(newest?.size ?? 0);
  report.checkpoints = await ctx.db.logCheckpoint.count({ where: { size: { lte: size } } });
  await findOutside(ctx, tell);
  await findForeignKeys(ctx, tell);
  const edge = await walk(ctx, size, given, tell);
  report.size = edge.size;
  report.root = edge.root().toString("base64");
  if (given !== null && given.size > size) {
    tell(
      "checkpoint_missing",
      `checkpoint ${given.size}`,
      `A signed checkpoint has ${given.size} leaves, and the tree has ${size}.`,
    );
  }
  return report;
}

/**
 * The same as a command of its own, which custody keeps.
 *
 * @throws AppError, ProtocolError as inspectLog
 */
export async function verifyLog(ctx: Context, input: VerifyLog): Promise<LogReport> {
  const report = await inspectLog(ctx, input);
  const outcome = report.problems === 0 ? "done" : "failed";
  await ctx.db.$transaction((tx) => recordEvent(ctx, tx, { action: "log.verified", outcome, details: { ...report } }));
  return report;
}

type Tell = (code: LogProblem["code"], subject: string, found: string) => void;

/** Roots that were signed for trees of more than `from` leaves, up to `until`, by their size. */
async function signedRoots(
  ctx: Context,
  { from, until }: { from: number; until: number },
  given: Checkpoint | null,
): Promise<Map<number, Buffer[]>> {
  const rows = await ctx.db.logCheckpoint.findMany({
    where: { size: { gt: from, lte: until } },
    select: { size: true, root: true, note: true },
  });
  // The note is what was published; the column beside it could have been changed alone.
  const roots = new Map<number, Buffer[]>(
    rows.map((row) => [
      Number(row.size),
      [Buffer.from(row.root), Buffer.from(row.note.split("\n")[2] ?? "", "base64")],
    ]),
  );
  if (given !== null) roots.set(given.size, [...(roots.get(given.size) ?? []), given.root]);
  return roots;
}

/** Events that are neither in the tree nor on their way, and events that vanished on their way. */
async function findOutside(ctx: Context, tell: Tell): Promise<void> {
  // One statement sees one moment: what moves from waiting to the tree meanwhile is seen in one of them.
  const added = await ctx.db.$queryRaw<{ seq: bigint }[]>`
    SELECT e.seq FROM custody_event e WHERE NOT EXISTS (SELECT 1 FROM log_leaf l WHERE l.seq = e.seq)
      AND NOT EXISTS (SELECT 1 FROM log_pending p WHERE p.seq = e.seq) ORDER BY e.seq LIMIT ${shownLimit}`;
  for (const { seq } of added) tell("event_outside_log", `event ${seq}`, "It never entered the log.");
  const vanished = await ctx.db.$queryRaw<{ seq: bigint }[]>`
    SELECT p.seq FROM log_pending p WHERE NOT EXISTS (SELECT 1 FROM custody_event e WHERE e.seq = p.seq)
      ORDER BY p.seq LIMIT ${shownLimit}`;
  for (const { seq } of vanished) tell("event_missing", `event ${seq}`, "It vanished before it entered the log.");
  const [beyond] = await ctx.db.$queryRaw<{ leaves: bigint }[]>`
    SELECT count(*) AS leaves FROM log_leaf WHERE index >= coalesce((SELECT max(size) FROM log_checkpoint), 0)`;
  if (beyond !== undefined && beyond.leaves > 0n) {
    tell("checkpoint_missing", "log", `${beyond.leaves} leaves stand behind the newest checkpoint.`);
  }
}

/** Published keys that the program did not make: whoever put one there could sign what everybody takes for ours. */
async function findForeignKeys(ctx: Context, tell: Tell): Promise<void> {
  const keys = await ctx.db.$queryRaw<{ kid: string }[]>`
    SELECT kid FROM signing_key EXCEPT
    SELECT details->>'kid' FROM custody_event WHERE action IN ('key.created', 'key.rotated')`;
  for (const { kid } of keys)
    tell("key_unexplained", `key ${kid}`, "It is published, and no event says that it was made.");
}

/** Goes through the tree leaf by leaf with the memory of one batch. */
async function walk(ctx: Context, size: number, given: Checkpoint | null, tell: Tell): Promise<TreeEdge> {
  const edge = TreeEdge.empty();
  let isRight = true;
  while (edge.size < size) {
    const until = Math.min(edge.size + batchSize, size);
    const roots = await signedRoots(ctx, { from: edge.size, until }, given);
    const leaves = await ctx.db.logLeaf.findMany({
      where: { index: { gte: edge.size, lt: until } },
      orderBy: { index: "asc" },
    });
    const events = await readLeafEvents(
      ctx.db,
      leaves.map((leaf) => leaf.seq),
    );
    const full: FullTile[] = [];
    for (const leaf of leaves) {
      if (Number(leaf.index) !== edge.size) break;
      const event = events.get(leaf.seq);
      const subject = `event ${leaf.seq}`;
      if (event === undefined) tell("event_missing", subject, "The log holds its leaf, and the event is gone.");
      else if (custodyLeaf(event, leaf.salt) !== Buffer.from(leaf.leaf).toString("utf8")) {
        tell("event_changed", subject, "It is not what it was when it entered the log.");
      }
      const hash = leafHash(leaf.leaf);
      if (!hash.equals(leaf.hash)) tell("leaf_changed", `leaf ${leaf.index}`, "It is not what its hash says.");
      full.push(...edge.append(hash));
      const wrong = (roots.get(edge.size) ?? []).some((root) => !root.equals(edge.root()));
      if (wrong && isRight) {
        tell(
          "checkpoint_differs",
          `checkpoint ${edge.size}`,
          "The tree of this size has another root than was signed.",
        );
        isRight = false;
      }
    }
    await compareTiles(ctx, full, tell);
    if (leaves.length === 0 || edge.size <= Number(leaves.at(-1)?.index ?? 0)) {
      tell("leaf_missing", `leaf ${edge.size}`, `The tree has ${size} leaves, and this one is gone.`);
      break;
    }
  }
  return edge;
}

async function compareTiles(ctx: Context, full: readonly FullTile[], tell: Tell): Promise<void> {
  for (const { level, index, hashes, root } of full) {
    const kept = await ctx.db.logTile.findUnique({ where: { level_index: { level, index } } });
    if (kept !== null && hashes.equals(kept.hashes) && root.equals(kept.root)) continue;
    tell("tile_changed", `tile ${level}/${index}`, "It is not made of the hashes below it.");
  }
}
