import { randomBytes } from "node:crypto";
import type { Context, Transaction } from "../context.ts";
import { AppError } from "../errors.ts";
import { activeKey } from "../keys/index.ts";
import { custodyLeaf, leafHash, signCheckpoint } from "../protocol/index.ts";
import { readLeafEvents } from "./leaf-events.ts";
import { TreeEdge } from "./tree-edge.ts";

/** Events in one transaction: one signature and one checkpoint for all of them. */
const batchSize = 1000;

/**
 * The one sequencer: puts the custody events that wait into the tree, in their order, and signs a checkpoint. Verbs
 * never wait for it. Any number of processes may call it at once; they take turns, batch by batch. A batch is one
 * transaction, so a process may be killed at any point.
 *
 * @returns how many events entered the tree
 * @throws AppError forbidden for anyone but the archive itself; Error when the tree is not the one that was signed
 */
export async function sequenceLog(ctx: Context, signal?: AbortSignal): Promise<number> {
  if (ctx.actor.kind !== "system") throw new AppError("forbidden", "Only the archive itself does this.");
  let total = 0;
  while (signal?.aborted !== true) {
    const count = await ctx.db.$transaction((tx) => sequenceBatch(ctx, tx));
    total += count;
    if (count < batchSize) break;
  }
  return total;
}

async function sequenceBatch(ctx: Context, tx: Transaction): Promise<number> {
  if ((await tx.logPending.findFirst({ select: { seq: true } })) === null) return 0;
  await tx.$executeRaw`SELECT pg_advisory_xact_lock(hashtext('log_leaf'))`;
  // Read after the lock: what waits now, and the tree as the last one left it.
  const pending = await tx.logPending.findMany({ orderBy: { seq: "asc" }, take: batchSize });
  const events = await readLeafEvents(
    tx,
    pending.map(({ seq }) => seq),
  );
  const known = pending.map(({ seq }) => seq).filter((seq) => events.has(seq));
  if (known.length < pending.length) {
    ctx.log.error({ count: pending.length - known.length }, "custody events vanished before they entered the log");
  }
  if (known.length === 0) return 0;
  const edge = await signedEdge(tx);
  const leaves = [];
  const tiles = [];
  for (const seq of known) {
    const event = events.get(seq);
    if (event === undefined) continue;
    const salt = new Uint8Array(randomBytes(32));
    const leaf = new Uint8Array(Buffer.from(custodyLeaf(event, salt)));
    const hash = leafHash(leaf);
    leaves.push({ index: edge.size, seq, leaf, salt, hash: new Uint8Array(hash) });
    tiles.push(...edge.append(hash));
  }
  await tx.logLeaf.createMany({ data: leaves });
  await tx.logTile.createMany({
    data: tiles.map((tile) => ({ ...tile, hashes: new Uint8Array(tile.hashes), root: new Uint8Array(tile.root) })),
  });
  await writeCheckpoint(ctx, tx, edge);
  await tx.logPending.deleteMany({ where: { seq: { in: known } } });
  return known.length;
}

/** The edge of the tree, as long as it still is the tree of the newest checkpoint: nothing else is ever signed over. */
async function signedEdge(tx: Transaction): Promise<TreeEdge> {
  const newest = await tx.logCheckpoint.findFirst({ orderBy: { size: "desc" } });
  const edge = newest === null ? TreeEdge.empty() : await TreeEdge.load(tx, Number(newest.size));
  if (newest !== null && !edge.root().equals(newest.root)) {
    throw new Error(
      "The custody log's tree was changed: its root is not that of the newest checkpoint. Nothing is added",
    );
  }
  return edge;
}

async function writeCheckpoint(ctx: Context, tx: Transaction, edge: TreeEdge): Promise<void> {
  const { kid, name, privateKey } = await activeKey(ctx, tx, "log");
  if (name === null) throw new Error("The key of the log has no name");
  const root = edge.root();
  const note = signCheckpoint({ origin: name, size: edge.size, root }, privateKey);
  const data = { size: edge.size, root: new Uint8Array(root), note, kid, createdAt: ctx.clock.now() };
  await tx.logCheckpoint.create({ data });
}
