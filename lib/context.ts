import type { OrganisationKind, PrismaClient, Role } from "../generated/prisma/client.ts";
import type { Clock } from "./clock.ts";
import type { JobQueue } from "./jobs/index.ts";
import type { Limits } from "./limits.ts";
import type { Log } from "./log.ts";
import type { Metrics } from "./metrics.ts";
import type { Sql } from "./sql.ts";
import type { BlobStore } from "./storage/index.ts";
import type { Vault } from "./vault.ts";

/** Who acts. Custody keeps the name and role as they were at that time. */
export type Actor =
  | {
      kind: "person";
      accountId: string;
      name: string;
      email: string;
      role: Role;
      organisationId: string;
      organisationName: string;
      organisationKind: OrganisationKind;
    }
  | {
      kind: "device";
      deviceId: string;
      name: string;
      /** The key that bought its access token, and until when that is good; none: it sent a plain token. */
      key?: { kid: string; expiresAt: Date };
      /**
       * What a token that was good a moment ago is looked up by: its SHA-256 in hexadecimal digits, or the thumbprint of
       * the key that bought it. The first statement of the request asks whether it still is.
       */
      rememberedToken?: string;
    }
  | { kind: "system"; name: string }
  | { kind: "nobody" };

/** Where a call came from; null address and agent mean that no network was involved. */
export type Origin = { address: string | null; userAgent: string | null };

/** The database client of the domain. */
export type Database = PrismaClient;

/** The client inside a transaction. */
export type Transaction = Omit<PrismaClient, "$connect" | "$disconnect" | "$on" | "$use" | "$extends" | "$transaction">;

/** Everything a verb may use. There are no globals: what is not in here, the domain does not touch. */
export type Context = {
  actor: Actor;
  clock: Clock;
  db: Database;
  /** Beside Prisma's client, for the statements of each PATCH. */
  sql: Sql;
  storage: BlobStore;
  /** How much is taken in. */
  limits: Limits;
  jobs: JobQueue;
  log: Log;
  metrics: Metrics;
  /** For secrets that rows keep. */
  vault: Vault;
  origin: Origin;
  /** The same in every custody event and log line of one HTTP request or job run. */
  correlationId: string;
};
