import { z } from "zod";
import type { Area } from "../operation.ts";
import { json } from "../operation.ts";

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
      refuses: [],
    },
    {
      method: "GET",
      path: "/api/health/ready",
      id: "getReadiness",
      summary: "Whether this process can do its work now",
      caller: "anybody",
      answers: {
        200: json("It can.", z.strictObject({ status: z.literal("ready") })),
        503: json("It cannot.", z.strictObject({ status: z.literal("unavailable") }), { "Retry-After": "Seconds." }),
      },
      refuses: [],
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
