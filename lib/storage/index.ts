export {
  BlobDamagedError,
  type BlobKey,
  type BlobReader,
  type BlobStore,
  type BlobWriter,
} from "./blob-store.ts";
export { type Disk, type DiskFile, machineDisk } from "./disk.ts";
export { openFileBlobStore } from "./file-blob-store.ts";
export { measuredStore } from "./measured-store.ts";
export { isProbe, probeStore } from "./probe-store.ts";
