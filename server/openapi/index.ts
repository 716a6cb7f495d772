export { archiveVersion, openApiDocument, operations, problemSchema } from "./document.ts";
