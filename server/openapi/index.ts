export { openApiDocument, operations, problemSchema } from "./document.ts";
