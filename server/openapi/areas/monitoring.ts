import { z } from "zod";
import type { HealthPart, PartHealth } from "../../health/health.ts";
import type { Area } from "../operation.ts";
import { json } from "../operation.ts";

const part = z.strictObject({
  state: z.enum(["ok", "starting", "stopping", "failing"]),
  reason: z.string().optional(),
} satisfies Record<keyof PartHealth, z.ZodType>);
const readiness = (status: "ready" | "unavailable") =>
  z.strictObject({
    status: z.literal(status),
    parts: z.strictObject({
      process: part,
      database: part,
      storage: part,
      space: part,
      queue: part,
    } satisfies Record<HealthPart, z.ZodType>),
  });

export const monitoring: Area = {
  name: "Monitoring",
  description: "For whoever runs the archive.",
  operations: [
    {
      method: "GET",
      path: "/api/health/live",
      id: "getLiveness",
      summary: "Whether this process answers at all",
      caller: "anybody",
      answers: { 200: json("It does.", z.strictObject({ status: z.literal("live") })) },
      refuses: ["method_not_allowed"],
    },
    {
      method: "GET",
      path: "/api/health/ready",
      id: "getReadiness",
      summary: "Whether this process can do its work now",
      caller: "anybody",
      answers: {
        200: json("It can.", readiness("ready")),
        503: json("It cannot. `reason` is shown to monitoring only.", readiness("unavailable"), {
          "Retry-After": "Seconds.",
        }),
      },
      refuses: ["method_not_allowed"],
    },
    {
      method: "GET",
      path: "/api/metrics",
      id: "getMetrics",
      summary: "Metrics of this process in the format of Prometheus",
      caller: "monitor",
      answers: { 200: { description: "The metrics.", type: "text/plain; version=0.0.4; charset=utf-8" } },
      refuses: ["method_not_allowed"],
    },
    {
      method: "GET",
      path: "/api/openapi.json",
      id: "getOpenApi",
      summary: "This document",
      caller: "anybody",
      answers: { 200: json("OpenAPI 3.1.", z.looseObject({ openapi: z.literal("3.1.0") })) },
      refuses: ["method_not_allowed"],
    },
  ],
};
