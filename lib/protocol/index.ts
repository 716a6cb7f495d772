export * from "./chunk-grid.ts";
export * from "./digest.ts";
export * from "./file-name.ts";
export * from "./http.ts";
export * from "./upload-metadata.ts";
