/**
 * How long to wait before the folders are read again without a notice: three quarters to five quarters of what is set,
 * so that many devices with one boot time do not touch their disks and the network in step.
 */
export function rescanPauseMs(rescanMs: number, random: () => number = Math.random): number {
  return rescanMs * (0.75 + random() / 2);
}
