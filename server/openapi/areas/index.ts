import type { Area } from "../operation.ts";
import { custody } from "./custody.ts";
import { devices } from "./devices.ts";
import { fleet } from "./fleet.ts";
import { identity } from "./identity.ts";
import { monitoring } from "./monitoring.ts";
import { people } from "./people.ts";
import { policies } from "./policies.ts";
import { proof } from "./proof.ts";
import { recordings } from "./recordings.ts";
import { releases } from "./releases.ts";
import { requests } from "./requests.ts";
import { uploads } from "./uploads.ts";

/** Every area of the document, in its order. */
export const areas: readonly Area[] = [
  uploads,
  recordings,
  proof,
  requests,
  releases,
  devices,
  identity,
  fleet,
  policies,
  people,
  custody,
  monitoring,
];
