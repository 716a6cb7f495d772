/** How much the archive takes in before it says no; from the environment. */
export type Limits = {
  /** Free bytes of the storage that are never given away. */
  reserveBytes: number;
  /** Bytes that all recordings and promises may have together; null: what the storage has. */
  quotaBytes: number | null;
  /** Uploads that one device may have begun and not finished. */
  deviceOpenUploads: number;
};

/** No limit but the medium's own, for what no stranger reaches. */
export const noLimits: Limits = { reserveBytes: 0, quotaBytes: null, deviceOpenUploads: Number.MAX_SAFE_INTEGER };
