import { answer } from "@/app/_server/context";
import { publicKeys } from "@/lib/keys/index.ts";
import { formatKeySet } from "@/lib/protocol/index.ts";

/** The archive's public keys, old ones too (RFC 7517). For everyone. */
export function GET(request: Request): Promise<Response> {
  return answer(request, async (ctx) =>
    Response.json(formatKeySet(await publicKeys(ctx.db)), {
      headers: { "Content-Type": "application/jwk-set+json", "Cache-Control": "public, max-age=60" },
    }),
  );
}
