import { sendAnswer } from "./answer.ts";
import { openApiDocument } from "./openapi/index.ts";
import type { Call } from "./routes.ts";

let document: { of: string; text: string } | null = null;

/** Answers the OpenAPI document, which is made at the first question. */
export async function handleOpenApi({ services, request, response }: Call): Promise<void> {
  const { publicUrl } = services.env;
  if (document?.of !== publicUrl) document = { of: publicUrl, text: JSON.stringify(openApiDocument(publicUrl)) };
  const headers = {
    "Content-Type": "application/json",
    "Cache-Control": "public, max-age=300",
    "X-Content-Type-Options": "nosniff",
  };
  sendAnswer(request, response, { status: 200, headers, body: document.text });
}
