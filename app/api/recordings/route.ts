import { answer } from "@/app/_server/context";
import { given, paging, text, time } from "@/app/_server/query";
import { listRecordings, type RecordingFilter } from "@/lib/recordings/index.ts";

/** A page of the catalogue. Query: from, until, site, device, state, q, digest, cursor, limit. */
export function GET(request: Request): Promise<Response> {
  return answer(request, async (ctx) => {
    const query = new URL(request.url).searchParams;
    const filter = given({
      from: time(query, "from"),
      until: time(query, "until"),
      siteId: text(query, "site"),
      deviceId: text(query, "device"),
      state: text(query, "state") as RecordingFilter["state"], // the verb checks it
      text: text(query, "q"),
      digest: text(query, "digest"),
    });
    const { cursor, limit } = paging(query);

    return listRecordings(ctx, filter, cursor, limit);
  });
}
