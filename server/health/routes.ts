import { sendAnswer } from "../answer.ts";
import { mayMonitor } from "../metrics-route.ts";
import type { Call } from "../routes.ts";

const fields = { "Content-Type": "application/json", "Cache-Control": "no-store", "X-Content-Type-Options": "nosniff" };

/** Whether this process answers at all. It asks nothing of others, so that a slow database restarts nobody. */
export async function handleLive({ request, response }: Call): Promise<void> {
  sendAnswer(request, response, { status: 200, headers: fields, body: JSON.stringify({ status: "live" }) });
}

/**
 * Whether this process can do its work now. Everybody learns which part cannot, in one word, as a proxy and whoever is
 * called at night need it; why, which may name hosts and paths, is for those who may read the metrics.
 */
export async function handleReady({ health, services, request, response }: Call): Promise<void> {
  const { isReady, parts } = await health.check();
  const isShown = mayMonitor(request, services.env.metricsToken);
  const shown = Object.entries(parts).map(([part, { state, reason }]) => [
    part,
    isShown && reason !== undefined ? { state, reason } : { state },
  ]);
  const body = { status: isReady ? "ready" : "unavailable", parts: Object.fromEntries(shown) };
  const headers = isReady ? fields : { ...fields, "Retry-After": "5" };
  sendAnswer(request, response, { status: isReady ? 200 : 503, headers, body: JSON.stringify(body) });
}
