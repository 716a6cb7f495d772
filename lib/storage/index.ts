export type { BlobKey, BlobStore, BlobWriter } from "./blob-store.ts";
