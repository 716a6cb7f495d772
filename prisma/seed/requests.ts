import { readFileSync } from "node:fs";
import { join } from "node:path";
import {
  approveRequest,
  closeRequest,
  decideRecording,
  denyRequest,
  getRequest,
  listMatches,
  openRequest,
  submitRequest,
  withdrawRequest,
} from "../../lib/access/index.ts";
import type { Context } from "../../lib/context.ts";
import type { PersonKey } from "./company.ts";
import type { DemoPerson } from "./people.ts";

const orderPdf = readFileSync(join(import.meta.dirname, "../../samples/orders/order.pdf"));
const hourMs = 3_600_000;

/** One step of the demonstration's past: when, and what somebody did. */
export type Act = { at: Date; run(ctx: Context): Promise<void> };

/** A recording that a request of the past is about. */
export type Target = {
  recordingId: string;
  siteId: string;
  siteName: string;
  timeZone: string;
  startAt: Date;
  endAt: Date;
};

type Asked = {
  by: PersonKey;
  legalBasis: "judicial_order" | "police_request" | "insurance_claim";
  authority: string;
  reference: string;
  purpose: string;
};

async function* bytesOfOrder(): AsyncGenerator<Uint8Array> {
  yield orderPdf;
}

/** Request after request in the states that an inbox shows, each through the verbs that real people use. */
export function pastRequests(people: Record<PersonKey, DemoPerson>, targets: Target[], now: Date): Act[] {
  const acts: Act[] = [];
  const as = (ctx: Context, who: PersonKey): Context => ({ ...ctx, actor: people[who].actor });
  const target = (index: number): Target => {
    const found = targets[index];
    if (found === undefined) throw new Error("The demonstration's catalogue is too small for its requests.");
    return found;
  };

  function ask(hoursAgo: number, about: Target, asked: Asked) {
    let requestId = "";
    const askedAtMs = now.getTime() - hoursAgo * hourMs;
    const then = (hoursLater: number, run: (ctx: Context, requestId: string) => Promise<unknown>) => {
      acts.push({
        at: new Date(askedAtMs + hoursLater * hourMs),
        run: async (ctx) => void (await run(ctx, requestId)),
      });
    };
    then(0, async (ctx) => {
      const { by, ...words } = asked;
      const request = await submitRequest(
        as(ctx, by),
        {
          ...words,
          place: about.siteName,
          siteId: about.siteId,
          intervalFrom: new Date(about.startAt.getTime() - 20 * 60_000).toISOString(),
          intervalUntil: new Date(about.endAt.getTime() + 25 * 60_000).toISOString(),
          timeZone: about.timeZone,
          orderFileName: `order-${asked.reference.replaceAll(/\W+/g, "-").toLowerCase()}.pdf`,
        },
        bytesOfOrder(),
      );
      requestId = request.id;
    });
    return then;
  }

  const include = (who: PersonKey, about: Target) => (ctx: Context, requestId: string) =>
    decideRecording(as(ctx, who), { requestId, recordingId: about.recordingId, decision: "included" });
  const excludeOthers = (who: PersonKey, about: Target, reason: string) => async (ctx: Context, requestId: string) => {
    const matches = await listMatches(as(ctx, who), { requestId });
    for (const match of matches.rows) {
      if (match.decision !== null || match.recording.id === about.recordingId) continue;
      await decideRecording(as(ctx, who), { requestId, recordingId: match.recording.id, decision: "excluded", reason });
    }
  };
  const approve = (who: PersonKey) => async (ctx: Context, requestId: string) => {
    const { scopeSha256 } = await getRequest(as(ctx, who), requestId);
    await approveRequest(as(ctx, who), { requestId, scopeSha256: scopeSha256 ?? "" });
  };

  const robbery = {
    by: "police",
    legalBasis: "judicial_order",
    authority: "Juzgado de Instrucción 4, Valencia",
  } as const;
  const report = { by: "police", legalBasis: "police_request", authority: "Comisaría Valencia Centro" } as const;
  const claim = { by: "insurer", legalBasis: "insurance_claim", authority: "Seguros Alborada, claims" } as const;

  const closed = ask(19 * 24, target(0), {
    ...robbery,
    reference: "DP 1094/2026",
    purpose: "Threats against the crew during a delivery.",
  });
  closed(3, (ctx, requestId) => openRequest(as(ctx, "officer"), { requestId }));
  closed(3.2, include("officer", target(0)));
  closed(3.3, excludeOthers("officer", target(0), "Another vehicle; the order names one van."));
  closed(3.5, approve("officer"));
  closed(7, approve("officer2"));
  closed(30, (ctx, requestId) => closeRequest(as(ctx, "police"), { requestId }));

  const denied = ask(11 * 24, target(1), {
    ...claim,
    reference: "SA-2026-55810",
    purpose: "Damage to a parked car beside the depot.",
  });
  denied(20, (ctx, requestId) => openRequest(as(ctx, "officer2"), { requestId }));
  denied(21, (ctx, requestId) =>
    denyRequest(as(ctx, "officer2"), {
      requestId,
      reason: "basis_not_accepted",
      text: "The claim names no insured event at this place. Send the policy's number and the date of the damage.",
    }),
  );

  const withdrawn = ask(8 * 24, target(2), {
    ...report,
    reference: "ATE 7730/26",
    purpose: "Wrong day: will be asked again.",
  });
  withdrawn(1, (ctx, requestId) => withdrawRequest(as(ctx, "police"), { requestId }));

  const released = ask(5 * 24, target(3), {
    by: "judge",
    legalBasis: "judicial_order",
    authority: "Juzgado de Instrucción 4, Valencia",
    reference: "DP 1150/2026",
    purpose: "Evidence for the hearing about an assault at the counter.",
  });
  released(4, (ctx, requestId) => openRequest(as(ctx, "officer2"), { requestId }));
  released(4.4, include("officer2", target(3)));
  released(4.6, excludeOthers("officer2", target(3), "The other camera does not show the counter."));
  released(5, approve("officer2"));
  released(26, approve("officer"));

  const second = ask(30, target(4), {
    ...report,
    reference: "ATE 8012/26",
    purpose: "A pickpocket followed the crew out of the branch.",
  });
  second(2, (ctx, requestId) => openRequest(as(ctx, "officer2"), { requestId }));
  second(2.2, include("officer2", target(4)));
  second(2.5, approve("officer2"));

  const review = ask(9, target(5), {
    ...robbery,
    reference: "DP 1177/2026",
    purpose: "Robbery attempt while the van was open.",
  });
  review(1.5, (ctx, requestId) => openRequest(as(ctx, "officer"), { requestId }));

  ask(2, target(6), { ...report, reference: "ATE 8055/26", purpose: "Hit and run beside the delivery van." });

  return acts.sort((a, b) => a.at.getTime() - b.at.getTime());
}
