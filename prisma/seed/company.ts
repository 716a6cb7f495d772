// The small company that the demonstration shows: a carrier of cash in three Spanish cities, its cameras, its
// people, and the outsiders who may ask. All invented.
import type { OrganisationKind, Role } from "../../generated/prisma/client.ts";

export const archiveName = "Turia Cash Logistics";

export const organisations = {
  operator: { name: "Turia Cash Logistics", kind: "operator" },
  police: { name: "Policía Nacional, Comisaría Valencia Centro", kind: "police" },
  court: { name: "Juzgado de Instrucción 4, Valencia", kind: "court" },
  insurer: { name: "Seguros Alborada", kind: "insurer" },
} as const satisfies Record<string, { name: string; kind: OrganisationKind }>;

export type OrganisationKey = keyof typeof organisations;

/** People by a short key; the password of each is made at seeding and stands in demo.json alone. */
export const people = {
  admin: { name: "Irene Duarte", email: "irene@turia.example", role: "admin", organisation: "operator", badge: null },
  officer: {
    name: "Marta Soler",
    email: "marta@turia.example",
    role: "officer",
    organisation: "operator",
    badge: null,
  },
  officer2: {
    name: "Andreu Vidal",
    email: "andreu@turia.example",
    role: "officer",
    organisation: "operator",
    badge: null,
  },
  auditor: {
    name: "Pilar Ochoa",
    email: "pilar@turia.example",
    role: "auditor",
    organisation: "operator",
    badge: null,
  },
  police: {
    name: "Insp. Lucía Ferrer",
    email: "l.ferrer@policia.example",
    role: "requester",
    organisation: "police",
    badge: "88 214",
  },
  judge: {
    name: "Joan Maldonado",
    email: "j.maldonado@justicia.example",
    role: "requester",
    organisation: "court",
    badge: null,
  },
  insurer: {
    name: "Nadia Rey",
    email: "nadia@alborada.example",
    role: "requester",
    organisation: "insurer",
    badge: null,
  },
} as const satisfies Record<
  string,
  { name: string; email: string; role: Role; organisation: OrganisationKey; badge: string | null }
>;

export type PersonKey = keyof typeof people;

export const sites = {
  colon: { name: "Banco Levante, Colón 12", address: "Carrer de Colom 12, Valencia", timeZone: "Europe/Madrid" },
  ruzafa: { name: "Banco Levante, Ruzafa 30", address: "Carrer de Sueca 30, Valencia", timeZone: "Europe/Madrid" },
  grao: { name: "Caja del Puerto, Grao 5", address: "Carrer de les Drassanes 5, Valencia", timeZone: "Europe/Madrid" },
  atocha: { name: "Banco Meseta, Atocha 71", address: "Calle de Atocha 71, Madrid", timeZone: "Europe/Madrid" },
  triana: {
    name: "Caja Atlántica, Triana 18",
    address: "Calle Mayor de Triana 18, Las Palmas",
    timeZone: "Atlantic/Canary",
  },
  depot: { name: "Depot Quart", address: "Polígono Quart de Poblet, Valencia", timeZone: "Europe/Madrid" },
} as const satisfies Record<string, { name: string; address: string; timeZone: string }>;

export type SiteKey = keyof typeof sites;

/** Vans deliver to the sites of their route; cameras stay. */
export const vans = [
  { name: "Van 04", alias: "TCL204AR", route: ["colon", "ruzafa", "grao"] },
  { name: "Van 07", alias: "TCL207BR", route: ["ruzafa", "colon"] },
  { name: "Van 09", alias: "TCL209CK", route: ["grao", "colon", "ruzafa"] },
  { name: "Van 12", alias: "TCL212DM", route: ["colon", "grao"] },
  { name: "Van 21", alias: "TCL221MD", route: ["atocha"] },
  { name: "Van 31", alias: "TCL231LP", route: ["triana"] },
] as const satisfies readonly { name: string; alias: string; route: readonly SiteKey[] }[];

export const cameras = [
  { name: "Gate cam 1", alias: "GATE-01", site: "depot", source: "gate" },
  { name: "Gate cam 2", alias: "GATE-02", site: "depot", source: "vault door" },
  { name: "ATM cam Colón", alias: "ATM-C12", site: "colon", source: "lobby" },
] as const satisfies readonly { name: string; alias: string; site: SiteKey; source: string }[];

/** How many weeks of catalogue the demonstration shows. */
export const catalogueWeeks = 4;
