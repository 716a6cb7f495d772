import { answer } from "@/app/_server/context";
import { readLogFilter } from "@/app/_server/log-filter";
import { exportEvents } from "@/lib/custody-log/index.ts";

/** The custody log as CSV, with the same filter as the log. */
export function GET(request: Request): Promise<Response> {
  return answer(request, async (ctx) => {
    const pieces = await exportEvents(ctx, readLogFilter(new URL(request.url).searchParams));
    const day = ctx.clock.now().toISOString().slice(0, 10);
    return new Response(toStream(pieces), {
      headers: {
        "Content-Type": "text/csv; charset=utf-8",
        "Content-Disposition": `attachment; filename="custody-log-${day}.csv"`,
        "Cache-Control": "no-store",
      },
    });
  });
}

function toStream(pieces: AsyncIterable<string>): ReadableStream<Uint8Array> {
  const source = pieces[Symbol.asyncIterator]();
  const encoder = new TextEncoder();
  return new ReadableStream({
    async pull(controller) {
      const { done, value } = await source.next();
      if (done) controller.close();
      else controller.enqueue(encoder.encode(value));
    },
    async cancel() {
      await source.return?.();
    },
  });
}
