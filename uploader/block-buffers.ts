/** Large enough that calls cost little beside the bytes, small enough for a machine with little memory. */
export const blockBytes = 512 * 1024;

const idle: Buffer[] = [];

/** A buffer for one block. They are few and go round, because memory outside the heap is given back late. */
export function borrowBlock(): Buffer {
  return idle.pop() ?? Buffer.allocUnsafeSlow(blockBytes);
}

/** Gives a buffer back that nothing reads or writes any more. */
export function returnBlock(block: Buffer): void {
  if (idle.length < 2) idle.push(block);
}
